#!/usr/bin/env python3
"""Show how benchmark programs get warm: the time of each of several rounds in one process.

  rounds.py [-n ROUNDS] [-r REPEATS] [-b fib,nbody] PERILUNE

runs each program under the engines vm and jit, and as an executable of `PERILUNE build`. Cells are user
seconds of each round, the minimum of the repeats (processes), and the first round as a multiple of the last.
"""
import argparse, glob, math, os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def rounds(command, env, count):
    out = subprocess.run(command, env=env, capture_output=True, text=True)
    times = [float(line.split()[2]) for line in out.stderr.splitlines()]
    if out.returncode != 0 or len(times) != count:
        sys.exit(f"{' '.join(command)}: {out.stderr}")
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("perilune", metavar="PERILUNE")
    parser.add_argument("-n", "--rounds", type=int, default=5)
    parser.add_argument("-r", "--repeats", type=int, default=1)
    parser.add_argument("-b", "--bench", help="comma-separated names (default: all)")
    options = parser.parse_args()
    names = options.bench.split(",") if options.bench else sorted(
        os.path.basename(p)[:-4] for p in glob.glob(os.path.join(HERE, "*.lua")))
    env = dict(os.environ, LUA_PATH=os.path.join(HERE, "?.lua"), PERILUNE_CACHE="")
    driver = os.path.join(HERE, "tools", "rounds.lua")
    firsts = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            built = os.path.join(folder, name)
            subprocess.run([options.perilune, "build", "-o", built, "--include", name, driver], env=env,
                           check=True, capture_output=True)
            commands = {engine: [options.perilune, f"--engine={engine}", driver] for engine in ("vm", "jit")}
            commands["aot"] = [built]
            best = {}
            for _ in range(options.repeats):
                for engine, command in commands.items():
                    times = rounds(command + [name, str(options.rounds)], env, options.rounds)
                    best[engine] = [min(pair) for pair in zip(times, best.get(engine, times))]
            for engine, times in best.items():
                ratio = times[0] / max(times[-1], 1e-4)
                firsts.setdefault(engine, []).append(ratio)
                print(f"{name:16} {engine:4}", " ".join(f"{t:8.4f}" for t in times), f"  first/last {ratio:.2f}")
    for engine, ratios in firsts.items():
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"{engine}: first round {mean:.3f} x the last (geometric mean), at most {max(ratios):.2f}")


if __name__ == "__main__":
    main()
