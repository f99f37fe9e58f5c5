import { beforeAll, describe, expect, test } from "vitest";
import { WorkosTwinAdmin } from "../../src/workos/admin-client.ts";
import { refusal, withTarget } from "./suite.ts";

const target = withTarget();
const live = process.env["REHOME_CONTRACT_LIVE"] === "1";

test("what is not there is not found, and an empty organization has no directory", async () => {
  const { directorySync, organizations } = target.sdk;
  const { id: organizationId } = await organizations.createOrganization({ name: "Empty" });

  expect((await directorySync.listDirectories({ organizationId })).data).toEqual([]);
  expect(await refusal(directorySync.getDirectory("directory_none"))).toMatchObject({ status: 404 });
  expect(await refusal(directorySync.getUser("directory_user_none"))).toMatchObject({ status: 404 });
  expect(await refusal(directorySync.getGroup("directory_group_none"))).toMatchObject({ status: 404 });
});

// Only an identity provider fills a directory, so what follows has no live form without one.
describe.skipIf(live)("a directory", () => {
  let admin: WorkosTwinAdmin;
  beforeAll(() => {
    admin = new WorkosTwinAdmin(target.twin ?? { url: "", adminToken: "" });
  });

  test("shows its users and groups", async () => {
    const { directorySync } = target.sdk;
    const { organizationId, directory } = await clinic();
    const ana = await admin.addDirectoryUser(directory, { email: "ana@example.com", first_name: "Ana", custom_attributes: { ward: "3" } });
    const bea = await admin.addDirectoryUser(directory, { email: "bea@example.com" });
    const group = await admin.addDirectoryGroup(directory, "Doctors");
    await admin.setDirectoryGroupMember(group, ana, true);

    expect((await directorySync.listDirectories({ organizationId })).data).toMatchObject([
      { id: directory, state: "active", organizationId },
    ]);
    expect(await directorySync.getDirectory(directory)).toMatchObject({ id: directory, name: "Clínica" });
    expect((await directorySync.listUsers({ directory })).data.map(({ id }) => id)).toEqual([bea, ana]);
    expect((await directorySync.listUsers({ directory, group })).data.map(({ id }) => id)).toEqual([ana]);
    expect((await directorySync.listGroups({ directory, user: ana })).data).toMatchObject([{ id: group, name: "Doctors" }]);
    expect((await directorySync.listGroups({ user: bea })).data).toEqual([]);
    expect(await directorySync.getGroup(group)).toMatchObject({ id: group, directoryId: directory, organizationId });
    expect(await directorySync.getUser(ana)).toMatchObject({
      email: "ana@example.com",
      firstName: "Ana",
      state: "active",
      customAttributes: { ward: "3" },
      groups: [],
    });
  });

  test("announces who comes, changes, is suspended and goes", async () => {
    const { organizationId, directory } = await clinic();
    const ana = await admin.addDirectoryUser(directory, { email: "ana@example.com", first_name: "Ana" });
    const group = await admin.addDirectoryGroup(directory, "Doctors");
    await admin.setDirectoryGroupMember(group, ana, true);
    await admin.changeDirectoryUser(ana, { first_name: "Anna" });
    await admin.changeDirectoryUser(ana, { first_name: "Anna" });
    await admin.changeDirectoryUser(ana, { state: "inactive" });
    await admin.removeDirectoryUser(ana);
    await admin.removeDirectoryGroup(group);

    const events = await announced(organizationId);
    expect(events.map(({ event }) => event)).toEqual([
      "dsync.activated",
      "dsync.user.created",
      "dsync.group.created",
      "dsync.group.user_added",
      "dsync.user.updated",
      "dsync.user.updated",
      "dsync.group.user_removed",
      "dsync.user.deleted",
      "dsync.group.deleted",
    ]);
    expect(events[0]?.data).toMatchObject({ id: directory, state: "active" });
    expect(events[4]?.data).toMatchObject({ id: ana, firstName: "Anna", previousAttributes: { first_name: "Ana" } });
    expect(events[5]?.data).toMatchObject({ id: ana, state: "inactive", previousAttributes: { state: "active" } });
  });

  test("says with a sole event that it is gone, with its organization too", async () => {
    const { directorySync, organizations } = target.sdk;
    const { organizationId, directory } = await clinic();
    const ana = await admin.addDirectoryUser(directory, { email: "ana@example.com" });
    await directorySync.deleteDirectory(directory);

    expect((await announced(organizationId)).map(({ event }) => event)).toEqual(["dsync.activated", "dsync.user.created", "dsync.deleted"]);
    expect(await refusal(directorySync.getUser(ana))).toMatchObject({ status: 404 });
    const other = await clinic();
    await organizations.deleteOrganization(other.organizationId);
    expect((await announced(other.organizationId)).at(-1)).toMatchObject({ event: "dsync.deleted", data: { id: other.directory } });
  });

  async function clinic(): Promise<{ organizationId: string; directory: string }> {
    const { id: organizationId } = await target.sdk.organizations.createOrganization({ name: "Clínica" });
    return { organizationId, directory: await admin.addDirectory(organizationId, "Clínica") };
  }

  async function announced(organizationId: string) {
    const names = [
      "dsync.activated",
      "dsync.deleted",
      "dsync.user.created",
      "dsync.user.updated",
      "dsync.user.deleted",
      "dsync.group.created",
      "dsync.group.deleted",
      "dsync.group.user_added",
      "dsync.group.user_removed",
    ] as const;
    return (await target.sdk.events.listEvents({ events: [...names], organizationId, limit: 100 })).data;
  }
});
