import { testWorld } from "/work/main/apps/eleva/demo/moved-world.ts";
import { rehome } from "/work/main/apps/eleva/demo/rehome.ts";
const t0=performance.now();
const w = await testWorld();
console.log("world", performance.now()-t0);
try {
for (const v of ["plan","run","run","cutover","rollback","run","cutover","status"]) { const t=performance.now(); const times:string[]=[]; const r=await rehome(w,[v],{onStderr:(s)=>{times.push(Math.round(performance.now()-t)+":"+s.trim())}}); console.log(v, r.code, Math.round(performance.now()-t), JSON.stringify(times), r.code?r.stdout.slice(0,600):""); }
} finally { await w.stop(); }
