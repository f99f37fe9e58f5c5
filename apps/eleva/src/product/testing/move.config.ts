import eleva from "../../../rehome.config.ts";

/** Eleva's own move into a target that has its schema already. */
export default () => {
  const move = eleva();
  return { ...move, target: { ...move.target, applySchema: async () => {} } };
};
