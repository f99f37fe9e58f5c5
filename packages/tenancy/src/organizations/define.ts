import { OrganizationError } from "./errors.ts";

/** What holds for every organization of one type. */
export interface OrganizationType<Tier extends string = string> {
  /** `one`: a second active membership is refused by the database. */
  members: "one" | "many";
  /** The tiers it may be on; the first is the one it begins with. */
  tiers: readonly [Tier, ...Tier[]];
  /** Types it may become. Default: none. */
  becomes?: readonly string[];
  /**
   * The home of a person: exactly one type is. It has one member, becomes nothing, and nothing becomes it; users.org_id names an organization
   * of this type, for ever.
   */
  personal?: true;
}

/** A product's types, tiers, features, roles and permissions: the one place where they stand. */
export interface Organizations<Type extends string = string, Tier extends string = string, Feature extends string = string> {
  /** From the smallest to the largest. */
  tiers: readonly Tier[];
  types: Readonly<Record<Type, OrganizationType<Tier>>>;
  /** For each feature the types that have it, each from which tier on. A type that is not named does not have it. */
  features: Readonly<Record<Feature, Readonly<Partial<Record<Type, Tier>>>>>;
  /** Every permission there is, as `resource:action`. */
  permissions: readonly string[];
  /** The permissions of each role; `*` is all, `resource:*` all of a resource. */
  roles: Readonly<Record<string, readonly string[]>>;
  /** The role that exactly one active member of an organization has. */
  ownerRole: string;
  /** What a second owner counts as, and what an owner becomes after the ownership was transferred. */
  formerOwnerRole: string;
  /** The type of an organization that WorkOS announces without `metadata.type`; without it such an organization waits. */
  defaultType?: Type;
}

export type TypeOf<O> = O extends Organizations<infer Type, string, string> ? Type : never;
export type FeatureOf<O> = O extends { features: Readonly<Record<infer Feature, unknown>> } ? Extract<Feature, string> : never;

/**
 * Declares a product's organizations and checks that the declaration agrees with itself. A further type is one more line of `types`.
 *
 * @throws OrganizationError bad_definition
 */
export function defineOrganizations<const Type extends string, const Tier extends string, const Feature extends string>(
  definition: Organizations<Type, Tier, Feature>,
): Organizations<Type, Tier, Feature> {
  const { tiers, types, features, permissions, roles, ownerRole, formerOwnerRole, defaultType } = definition;
  const typeNames = Object.keys(types);
  for (const [name, type] of Object.entries<OrganizationType>(types)) {
    for (const tier of type.tiers) if (!(tiers as readonly string[]).includes(tier)) refuse(`type ${name} names the unknown tier ${tier}`);
    for (const next of type.becomes ?? []) if (!typeNames.includes(next)) refuse(`type ${name} becomes the unknown type ${next}`);
  }
  const personal = Object.entries<OrganizationType>(types).filter(([, type]) => type.personal);
  const [home] = personal;
  if (!home || personal.length > 1) refuse(`${personal.length} types are personal, and one is to be`);
  const [name, { members, becomes = [] }] = home;
  if (members !== "one") refuse(`type ${name} is personal and has many members`);
  if (becomes.length > 0) refuse(`type ${name} is personal and becomes ${becomes[0]}`);
  for (const [other, type] of Object.entries<OrganizationType>(types))
    if (type.becomes?.includes(name)) refuse(`type ${other} becomes ${name}, which is personal`);
  for (const [feature, from] of Object.entries<Readonly<Record<string, string | undefined>>>(features)) {
    for (const [type, tier] of Object.entries(from)) {
      if (!typeNames.includes(type)) refuse(`feature ${feature} names the unknown type ${type}`);
      if (!types[type as Type].tiers.includes(tier as Tier))
        refuse(`feature ${feature} begins with tier ${tier}, which type ${type} never has`);
    }
  }
  for (const slug of permissions)
    if (!/^[a-z0-9_-]+(:[a-z0-9_-]+)+$/.test(slug)) refuse(`permission ${slug} is not of the form resource:action`);
  for (const [role, patterns] of Object.entries(roles)) {
    for (const pattern of patterns) {
      if (!permissions.some((slug) => matches(pattern, slug))) refuse(`role ${role} names ${pattern}, which is no permission`);
    }
  }
  for (const role of [ownerRole, formerOwnerRole]) if (!(role in roles)) refuse(`role ${role} is not declared`);
  if (ownerRole === formerOwnerRole) refuse("ownerRole and formerOwnerRole are the same");
  if (defaultType !== undefined && !typeNames.includes(defaultType)) refuse(`defaultType ${defaultType} is not declared`);
  return definition;
}

/** Whether organizations of a type have a feature on a tier; the database answers the same by tenancy.has_feature. */
export function hasFeature<Type extends string, Tier extends string, Feature extends string>(
  definition: Organizations<Type, Tier, Feature>,
  organization: { type: Type; tier: Tier },
  feature: Feature,
): boolean {
  const from = definition.features[feature][organization.type];
  if (from === undefined || !definition.types[organization.type].tiers.includes(organization.tier)) return false;
  return definition.tiers.indexOf(organization.tier) >= definition.tiers.indexOf(from);
}

/** One row for each feature of each type on each tier. */
export function featureRows(definition: Organizations): { type: string; tier: string; feature: string }[] {
  return Object.entries(definition.types).flatMap(([type, { tiers }]) =>
    tiers.flatMap((tier) =>
      Object.keys(definition.features)
        .filter((feature) => hasFeature(definition, { type, tier }, feature))
        .map((feature) => ({ type, tier, feature })),
    ),
  );
}

/** The same rule as tenancy.expand_permissions, for checks before anything runs. */
function matches(pattern: string, slug: string): boolean {
  return pattern === slug || pattern === "*" || (pattern.endsWith(":*") && slug.startsWith(pattern.slice(0, -1)));
}

function refuse(what: string): never {
  throw new OrganizationError("bad_definition", { message: `The definition of organizations contradicts itself: ${what}.` });
}
