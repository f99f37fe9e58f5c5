import type { Hono } from "hono";
import { notFound } from "./errors.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { type Connection, type Environment, stamp } from "./state.ts";
import { connectionWire } from "./wire.ts";

/** Connections to identity providers, which the API only reads and deletes: they are made in the Admin Portal. */
export function addConnectionRoutes(app: Hono, environment: Environment): void {
  const wire = (connection: Connection) => connectionWire(environment, connection);

  app.get("/connections", (c) => {
    const query = readPageQuery((name) => c.req.query(name));
    const { organization_id: organizationId, domain, connection_type: type, search } = c.req.query();
    const connections = environment.connections.all().filter((one) => {
      const organization = environment.organizations.get(one.organization_id);
      return (
        (organizationId === undefined || one.organization_id === organizationId) &&
        (domain === undefined || organization?.domains.some((known) => known.domain === domain.toLowerCase())) &&
        (type === undefined || type === "TestIdp") &&
        (search === undefined || one.name.toLowerCase().includes(search.toLowerCase()))
      );
    });
    return c.json(paginate(connections, query, wire));
  });

  app.get("/connections/:id", (c) => c.json(wire(find(c.req.param("id")))));

  app.delete("/connections/:id", (c) => {
    environment.connections.delete(find(c.req.param("id")).id);
    return c.body(null, 204);
  });

  function find(id: string): Connection {
    const connection = environment.connections.get(id);
    if (!connection) throw notFound("Connection", id);
    return connection;
  }
}

/** Connects an organization to the twin's identity provider. */
export function addConnection(environment: Environment, organizationId: string, name: string): Connection {
  return environment.connections.add({ ...stamp("conn"), organization_id: organizationId, name, state: "active" });
}
