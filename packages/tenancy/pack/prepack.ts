import { build } from "./build.ts";
import { dress, undress } from "./dress.ts";

// npm runs this before it packs, postpack.ts after it. Whoever was killed in between left the dressed files: they are put back first.
const home = process.cwd();
undress(home);
build(home);
dress(home);
