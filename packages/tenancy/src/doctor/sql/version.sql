-- The installed version of the guard; no row where there is no guard.
select max(version) as version from auth.version
