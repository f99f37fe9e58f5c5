import { type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

interface Logging {
  statements: string;
  slow: boolean;
  parameters: string;
  parameters_on_error: string;
  plans: boolean;
  own_settings: string[];
}

/** May tokens or claims reach the server's log? And did somebody leave settings on the product's roles? */
export async function checkLogging(patient: Patient): Promise<Check[]> {
  const { login, worker, application } = patient.options.roles;
  const state = (await read<Logging>(patient, "logging", [[...login, ...worker, ...application]]))[0];
  if (!state) return [];
  const wrong = [
    ...((state.statements !== "none" || state.slow) && state.parameters !== "0"
      ? [["statements are logged with their parameters, which are tokens", "alter system set log_parameter_max_length = 0"]]
      : []),
    ...(state.parameters_on_error === "0"
      ? []
      : [
          [
            "failed statements are logged with their parameters, which are tokens",
            "alter system set log_parameter_max_length_on_error = 0",
          ],
        ]),
    ...(state.plans
      ? [
          [
            "plans are printed into the log, and they hold claims",
            "alter system reset debug_print_plan; alter system reset debug_print_parse; alter system reset debug_print_rewritten",
          ],
        ]
      : []),
  ];
  const log: Check =
    wrong.length === 0
      ? ok("log", "no token and no claim reaches it")
      : {
          name: "log",
          state: "bad",
          found: wrong.map(([what]) => what).join("; "),
          mend: `${wrong.map(([, sql]) => sql).join("; ")}; select pg_reload_conf()`,
        };
  // A role may change its own defaults, and so may whoever runs SQL as it.
  const roles = [...new Set(state.own_settings.map((setting) => setting.split(":")[0]))];
  const settings: Check =
    state.own_settings.length === 0
      ? ok("role settings", "the product's roles have none")
      : {
          name: "role settings",
          state: "warn",
          found: `somebody set ${state.own_settings.join(", ")}`,
          mend: roles.map((role) => `alter role ${role} reset all; alter role ${role} in database <this one> reset all`).join("; "),
        };
  return [log, settings];
}
