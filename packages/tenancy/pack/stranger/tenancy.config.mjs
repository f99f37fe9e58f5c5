export default {};

export const hunt = async () => ({
  kinds: ["anonymous"],
  personas: [{ name: "anonymous", kind: "anonymous", role: "anonymous", userId: null, orgId: null }],
  oracle: { rules: () => ({}) },
});
