import { startSandbox } from "./sandbox.ts";

const {
  LEGACY_SERVER_URL: legacy,
  TARGET_SERVER_URL: target,
  APP_REDIRECT_URI: redirectUri = "http://localhost:3000/callback",
} = process.env;
const app = new URL(redirectUri);
const sandbox = await startSandbox({
  servers: { ...(legacy ? { legacy } : {}), ...(target ? { target } : {}) },
  workos: { redirectUris: [redirectUri], signOutRedirects: [`${app.origin}/`, app.origin], signInEndpoint: `${app.origin}/sign-in` },
  mail: true,
});
process.stdout.write(`The sandbox is up. Nothing is in it yet.

  legacy        ${sandbox.legacy.url("legacy")}
  legacy audit  ${sandbox.legacy.url("legacy_audit")}
  target        ${sandbox.target.url("target")}
  audit         ${sandbox.target.url("audit")}
  Clerk twin    ${sandbox.clerk.url}   CLERK_SECRET_KEY=${sandbox.clerk.secretKey}
  WorkOS twin   ${sandbox.workos.url}   WORKOS_API_KEY=${sandbox.workos.apiKey} WORKOS_CLIENT_ID=${sandbox.workos.clientId}
  sign-in pages ${sandbox.workos.url}/authkit   for an application at ${redirectUri} (APP_REDIRECT_URI names another)
  mails         ${sandbox.mail?.url}   SMTP ${sandbox.mail?.smtpUrl}

Ctrl-C ends all of it.
`);
// The servers do not hold this process, so that they never outlive it; this does.
const holding = setInterval(() => {}, 1 << 30);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    clearInterval(holding);
    await sandbox.stop();
  });
}
