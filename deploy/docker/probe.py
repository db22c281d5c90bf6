"""Ask this container's service for a probe: `probe.py /livez`; exit status 0 on 200."""

import os
import sys
import urllib.request

from fraud_shared.mesh.addresses import PORTS


def main(path: str) -> None:
    """End with status 1 and one line on any answer but a success."""
    service = os.environ["SERVICE"]
    port = os.environ.get(f"FRAUD_{service.upper()}_PORT", PORTS[service])
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).close()
    except OSError as error:
        sys.exit(f"{path}: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
