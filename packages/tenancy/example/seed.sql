-- Two organizations with one row of every class that who-sees-what.ts tells apart. Memberships are in people.ts.
insert into organizations (id, name, listed) values ('org_alder', 'Alder', true), ('org_birch', 'Birch', false);

insert into projects (id, org_id, name) values
  (md5('alder site')::uuid, 'org_alder', 'Site'),
  (md5('alder shop')::uuid, 'org_alder', 'Shop'),
  (md5('birch move')::uuid, 'org_birch', 'Move');

insert into tasks (id, org_id, project_id, title, due) values
  (md5('alder draft')::uuid, 'org_alder', md5('alder site')::uuid, 'Draft', '2026-03-01'),
  (md5('alder launch')::uuid, 'org_alder', md5('alder site')::uuid, 'Launch', '2026-04-01'),
  (md5('alder till')::uuid, 'org_alder', md5('alder shop')::uuid, 'Till', null),
  (md5('birch boxes')::uuid, 'org_birch', md5('birch move')::uuid, 'Boxes', '2026-03-15'),
  (md5('birch keys')::uuid, 'org_birch', md5('birch move')::uuid, 'Keys', null);

-- Bea is let into one task of Alder; her second share has ended. Max is let into one of Birch.
insert into task_shares (id, org_id, task_id, grantee_user_id, expires_at) values
  (md5('share 1')::uuid, 'org_alder', md5('alder draft')::uuid, 'user_bea', now() + interval '1 day'),
  (md5('share 2')::uuid, 'org_alder', md5('alder launch')::uuid, 'user_bea', now() - interval '1 day'),
  (md5('share 3')::uuid, 'org_birch', md5('birch boxes')::uuid, 'user_max', now() + interval '1 day');

insert into engagements (id, org_id, client_org_id, title, starts_at) values
  (md5('engagement 1')::uuid, 'org_alder', 'org_birch', 'Brand', '2026-02-01T09:00Z'),
  (md5('engagement 2')::uuid, 'org_birch', 'org_alder', 'Storage', '2026-02-02T09:00Z'),
  (md5('engagement 3')::uuid, 'org_alder', 'org_alder', 'In house', '2026-02-03T09:00Z');

insert into pages (id, org_id, title, is_public) values
  (md5('page 1')::uuid, 'org_alder', 'Welcome', true),
  (md5('page 2')::uuid, 'org_alder', 'Prices, draft', false),
  (md5('page 3')::uuid, 'org_birch', 'About', true),
  (md5('page 4')::uuid, 'org_birch', 'Plans', false);

insert into notes (id, org_id, user_id, body) values
  (md5('note 1')::uuid, 'org_alder', 'user_max', 'a'),
  (md5('note 2')::uuid, 'org_alder', 'user_olga', 'b'),
  (md5('note 3')::uuid, 'org_alder', 'user_sam', 'c'),
  (md5('note 4')::uuid, 'org_birch', 'user_bea', 'd');
