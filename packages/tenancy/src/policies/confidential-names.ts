/** Where the functions stand, one a table with its name. */
export const CONFIDENTIAL_SCHEMA = "confidential";

/** Owns them. It cannot log in and nobody becomes it; it inherits the role of verified persons, so that their policies are its own. */
export const CONFIDENTIAL_ROLE = "rehome_fn_confidential";
