"""Checks deploy/compose.yaml against the programs it starts.

Usage: deploy_check.py PROGRAMS_DIR EMPTY_DIR

The programs themselves say whether the environment that a container gets is a sound configuration;
the rest is what no program can know: that every secret is made by secrets.sh, that every program is
in the image, and that a container is given longer to stop than the program takes.
"""

import pathlib
import re
import subprocess
import sys

import yaml

DEPLOY = pathlib.Path("deploy")
PROGRAM = re.compile(r"im-[a-z]+")


def faults_of(name, service, programs, secrets_dir):
    """What is wrong with one service of ours."""
    program = service["command"][0]
    environment = {
        key: str(value).replace("/run/secrets", str(secrets_dir))
        for key, value in service["environment"].items()
    }

    def run(*arguments):
        command = [programs / program, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)

    checked = run("config", "check")
    if checked.returncode != 0:
        yield f"{name}: {checked.stderr}"
        return
    shown = run("config", "show").stdout
    limit_ms = int(re.search(r"^shutdown_timeout_ms = (\d+)", shown, re.M).group(1))
    grace_s = int(service["stop_grace_period"].removesuffix("s"))
    if grace_s * 1000 <= limit_ms:
        yield f"{name}: is killed after {grace_s} s and may take {limit_ms} ms to stop"
    if service["healthcheck"]["test"] != ["CMD", program, "health"]:
        yield f"{name}: the health check asks another program"
    for key, value in environment.items():
        if key.endswith("_FILE") and pathlib.Path(value).name not in service["secrets"]:
            yield f"{name}: {key} is no secret of this service"
    if not service["read_only"] or service["cap_drop"] != ["ALL"]:
        yield f"{name}: has more rights than it needs"


def main():
    programs, secrets_dir = map(pathlib.Path, sys.argv[1:])
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    image = (DEPLOY / "Containerfile").read_text()
    made = set(re.findall(r"^write (\w+) ", (DEPLOY / "secrets.sh").read_text(), re.M))
    faults = []
    if made != set(compose["secrets"]):
        faults.append(f"secrets.sh makes {made}, compose.yaml wants {set(compose['secrets'])}")
    for secret in made:
        text = "postgres://user:password@host/database" if secret.endswith("_url") else "k" * 64
        (secrets_dir / secret).write_text(text)
    services = compose["services"]
    ours = {name: one for name, one in services.items() if PROGRAM.match(one.get("command", [""])[0])}
    for name, service in ours.items():
        if not re.search(rf"\b{service['command'][0]}\b", image):
            faults.append(f"{name}: the image lacks {service['command'][0]}")
        faults.extend(faults_of(name, service, programs, secrets_dir))
        if service.get("ports") and name != "gateway":
            faults.append(f"{name}: only the gateway has a port outside")
    if set(ours) != {"auth", "presence", "messaging", "gateway"}:
        faults.append(f"the services are {sorted(ours)}")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(ours)} services, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
