import { type Check, mendBy, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

interface Logging {
  statements: string;
  slow: boolean;
  parameters: string;
  parameters_on_error: string;
  plans: boolean;
  own_settings: string[];
  /** Whose those are, quoted. */
  own_roles: string[];
  /** This one's name, quoted. */
  database: string;
  /** Settings that were set for it: they count before those of the server. */
  of_database: string[];
}

/** Something that reaches the log, and the settings that keep it out: to be set to this, or put back. */
interface Leak {
  what: string;
  settings: Readonly<Record<string, string | undefined>>;
}

/** May tokens or claims reach the server's log? And did somebody leave settings on the product's roles? */
export async function checkLogging(patient: Patient): Promise<Check[]> {
  const { login, worker, application } = patient.options.roles;
  const state = (await read<Logging>(patient, "logging", [[...login, ...worker, ...application]]))[0];
  return state ? [checkLog(state), checkOwnSettings(state)] : [];
}

function checkLog(state: Logging): Check {
  const leaks = leaksOf(state);
  if (leaks.length === 0) return ok("log", "no token and no claim reaches it");
  const sql = leaks.flatMap(({ settings }) => Object.entries(settings)).flatMap(([name, value]) => setting(state, name, value));
  return { name: "log", state: "bad", found: leaks.map(({ what }) => what).join("; "), mend: mendBy([...sql, "select pg_reload_conf()"]) };
}

function leaksOf({ statements, slow, parameters, parameters_on_error, plans }: Logging): Leak[] {
  const leaks: Leak[] = [];
  if ((statements !== "none" || slow) && parameters !== "0")
    leaks.push({ what: "statements are logged with their parameters, which are tokens", settings: { log_parameter_max_length: "0" } });
  if (parameters_on_error !== "0") {
    const what = "failed statements are logged with their parameters, which are tokens";
    leaks.push({ what, settings: { log_parameter_max_length_on_error: "0" } });
  }
  if (plans) {
    const settings = { debug_print_plan: undefined, debug_print_parse: undefined, debug_print_rewritten: undefined };
    leaks.push({ what: "plans are printed into the log, and they hold claims", settings });
  }
  return leaks;
}

function setting({ database, of_database }: Logging, name: string, value: string | undefined): string[] {
  const here = of_database.includes(name) ? [`alter database ${database} reset ${name}`] : [];
  return [...here, value === undefined ? `alter system reset ${name}` : `alter system set ${name} = ${value}`];
}

/** A role may change its own defaults, and so may whoever runs SQL as it. */
function checkOwnSettings({ own_settings, own_roles, database }: Logging): Check {
  if (own_settings.length === 0) return ok("role settings", "the product's roles have none");
  return {
    name: "role settings",
    state: "warn",
    found: `somebody set ${own_settings.join(", ")}`,
    mend: mendBy(own_roles.flatMap((role) => [`alter role ${role} reset all`, `alter role ${role} in database ${database} reset all`])),
  };
}
