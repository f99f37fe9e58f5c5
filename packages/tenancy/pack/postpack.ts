import { undress } from "./dress.ts";

undress(process.cwd());
