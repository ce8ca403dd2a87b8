// npm run sim: the simulator (sim/main.ts).
import '../sim/main.ts';
