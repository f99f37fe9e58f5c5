import eleva from "../../../rehome.config.ts";

/** Eleva's own move into a target that has its schema already. */
export default () => {
  const move = eleva();
  // The machine of a test may be busy.
  return { ...move, maxFreezeMs: 60_000, target: { ...move.target, applySchema: async () => {} } };
};
