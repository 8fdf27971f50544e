# Sourced by the entry points: sets `root` to the repository and `python` to a Python that can make the environment.
root=$(cd "$(dirname "$0")/.." && pwd)
python=
for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "olivepress needs Python 3.11 or newer: install it (Debian, Ubuntu: apt-get install python3 python3-venv;" \
        "macOS: brew install python)" >&2
    exit 1
fi
