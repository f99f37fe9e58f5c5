import { expect, test } from "vitest";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail } from "./target.ts";

const target = withTarget();
const password = "a long enough password";

test("a token sets a password once, proves the address and ends every session", async () => {
  const { userManagement } = target.sdk;
  const email = freshEmail();
  const { id } = await userManagement.createUser({ email, password });
  const made = await userManagement.createPasswordReset({ email });
  expect(made).toMatchObject({ object: "password_reset", userId: id, email });
  expect(made.passwordResetUrl).toContain(made.passwordResetToken);
  expect(Date.parse(made.expiresAt)).toBeGreaterThan(Date.now());
  expect(await userManagement.getPasswordReset(made.id)).toEqual(made);

  const reset = (newPassword: string) => userManagement.resetPassword({ token: made.passwordResetToken, newPassword });
  expect(await refusal(reset("short"))).toMatchObject({ status: 400, code: "password_reset_error" });
  const outcomes = await Promise.allSettled([reset("the new long password"), reset("the new long password")]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(await userManagement.getUser(id)).toMatchObject({ emailVerified: true });
  expect(await refusal(reset("one more long password"))).toMatchObject({ status: 400, code: "password_reset_error" });
  const signIn = (given: string) => userManagement.authenticateWithPassword({ clientId: target.clientId, email, password: given });
  expect(await refusal(signIn(password))).toMatchObject({ code: "invalid_credentials" });
  expect(await signIn("the new long password")).toMatchObject({ user: { id } });
});

test("a reset ends sessions that were open", async () => {
  const { userManagement } = target.sdk;
  const email = freshEmail();
  const { id } = await userManagement.createUser({ email, password, emailVerified: true });
  const { refreshToken } = await userManagement.authenticateWithPassword({ clientId: target.clientId, email, password });
  const { passwordResetToken } = await userManagement.createPasswordReset({ email });
  await userManagement.resetPassword({ token: passwordResetToken, newPassword: "the new long password" });

  expect((await userManagement.listSessions(id)).data).toMatchObject([{ status: "revoked" }]);
  expect(await refusal(userManagement.authenticateWithRefreshToken({ clientId: target.clientId, refreshToken }))).toMatchObject({
    error: "invalid_grant",
  });
});

test("a token dies with the address it was sent to", async () => {
  const { userManagement } = target.sdk;
  const email = freshEmail();
  const { id: userId } = await userManagement.createUser({ email, password });
  const { passwordResetToken: token } = await userManagement.createPasswordReset({ email });
  await userManagement.updateUser({ userId, email: freshEmail("moved") });
  expect(await refusal(userManagement.resetPassword({ token, newPassword: "the new long password" }))).toMatchObject({ status: 400 });
});

test("nobody's address, token or id is a 404", async () => {
  const { userManagement } = target.sdk;
  expect(await refusal(userManagement.createPasswordReset({ email: freshEmail() }))).toMatchObject({ status: 404 });
  expect(await refusal(userManagement.resetPassword({ token: "none", newPassword: "the new long password" }))).toMatchObject({
    status: 404,
  });
  expect(await refusal(userManagement.getPasswordReset("password_reset_none"))).toMatchObject({ status: 404 });
});

test("is announced when it is made and when it has succeeded, without the token", async () => {
  const { userManagement, events } = target.sdk;
  const email = freshEmail();
  await userManagement.createUser({ email, password });
  const { id, passwordResetToken: token } = await userManagement.createPasswordReset({ email });
  await userManagement.resetPassword({ token, newPassword: "the new long password" });

  const { data } = await events.listEvents({ events: ["password_reset.created", "password_reset.succeeded"], limit: 100 });
  const mine = data.filter((one) => (one.data as { id: string }).id === id);
  expect(mine.map(({ event }) => event)).toEqual(["password_reset.created", "password_reset.succeeded"]);
  expect(JSON.stringify(mine)).not.toContain(token);
});
