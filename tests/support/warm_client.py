"""Asks a warm interpreter to run a program, and is that program to whoever started it.

``python -I -S warm_client.py <socket> [-u] -m <module> [argument ...]``: its standard streams, working directory and
environment become the program's; its exit code is the program's. It imports next to nothing, which is the point.
"""

import json
import os
import signal
import socket
import struct
import sys


def main(path: str, arguments: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    request = {"arguments": arguments, "directory": os.getcwd(), "environment": dict(os.environ)}
    body = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        socket.send_fds(server, [struct.pack("!I", len(body))], [0, 1, 2])
        server.sendall(body)
        code = server.recv(1)
    return code[0] if code else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
