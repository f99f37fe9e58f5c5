import { createClerkClient } from "@clerk/backend";
import { startClerkTwin } from "@rehome/sandbox";
import { expect, test } from "vitest";
import { generateEleva } from "./generate/eleva.ts";
import { seedClerk } from "./seed-clerk.ts";
