import { createDatabase } from "@rehome/sandbox";
import pg from "pg";
import { judge, type Proof } from "rehome";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encrypted, moreFaults } from "./testing/other-faults.ts";
import { changeRow, type Fault, type Moved, planted, startMoved } from "./testing/moved.ts";
import { referenceFaults } from "./testing/reference-faults.ts";
import { rowFaults } from "./testing/row-faults.ts";
import { userFaults } from "./testing/user-faults.ts";
