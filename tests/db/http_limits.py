# SPDX-License-Identifier: Apache-2.0
# What a web server must outlive: http_limits.py ADDRESS COOKIE, of one that was started with
# --timeout 1. Fails with what went wrong.
import socket
import sys
import time
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])
cookie = sys.argv[2]
HEAD = f"Host: {url.netloc}\r\n{cookie}\r\n"


def connect():
    connection = socket.create_connection((url.hostname, url.port), timeout=60)
    return connection


def receive(connection):
    data = b""
    try:
        while part := connection.recv(65536):
            data += part
    except (ConnectionError, TimeoutError):
        pass
    connection.close()
    return data


def raw(text):
    connection = connect()
    try:
        connection.sendall(text if isinstance(text, bytes) else text.encode("latin-1"))
    except ConnectionError:
        pass  # it has answered and closed before all was sent
    return receive(connection)


def status(data):
    words = data.split(b" ", 2)
    return int(words[1]) if len(words) > 2 else 0


def alive(after, tries=1):
    for _ in range(tries):
        got = status(raw(f"GET / HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n"))
        if got == 200:
            break
        time.sleep(0.2)
    else:
        sys.exit(f"after {after} it answers {got}")


def expect(what, text, *wanted):
    got = status(raw(text))
    if got not in wanted:
        sys.exit(f"{what}: {got}, not one of {wanted}")
    alive(what)


alive("nothing")
# 0: the connection is closed without a word.
expect("a long URL", f"GET /?q={'a' * 200000} HTTP/1.1\r\n{HEAD}\r\n", 400, 414, 431, 0)
expect("a long header", f"GET / HTTP/1.1\r\n{HEAD}X: {'a' * 200000}\r\n\r\n", 400, 413, 431, 0)
expect("many headers", f"GET / HTTP/1.1\r\n{HEAD}{'X: y' * 1 + chr(13) + chr(10)}" + "X: y\r\n" * 20000 + "\r\n",
       400, 413, 431, 0)
expect("many arguments", f"GET /?{'&'.join('a=b' for _ in range(300))} HTTP/1.1\r\n{HEAD}\r\n", 400)
expect("two Host headers", f"GET / HTTP/1.1\r\n{HEAD}Host: evil.example\r\n\r\n", 400, 421)
expect("two, the other way round", f"GET / HTTP/1.1\r\nHost: evil.example\r\n{HEAD}\r\n", 400, 421)
expect("no Host header", f"GET / HTTP/1.1\r\n{cookie}\r\n\r\n", 400, 421)
expect("HTTP/1.0 without one", f"GET / HTTP/1.0\r\n{cookie}\r\n\r\n", 400, 421)
expect("no HTTP", "hello\r\n\r\n", 400, 0)
expect("bytes", bytes(range(256)) * 40 + b"\r\n\r\n", 400, 405, 421, 505, 0)
expect("a body in chunks", f"GET / HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 400, 413)
expect("an address as the path", f"GET http://evil.example/ HTTP/1.1\r\n{HEAD}\r\n", 400, 404)
expect("a large number", f"GET / HTTP/1.1\r\n{HEAD}Content-Length: 99999999999999999999999\r\n\r\n", 400, 413, 0)

# One byte now and then: it is ended all the same.
slow = connect()
began = time.monotonic()
try:
    for byte in f"GET / HTTP/1.1\r\n{HEAD}X: {'a' * 100}".encode():
        slow.sendall(bytes([byte]))
        time.sleep(0.25)
        if time.monotonic() - began > 30:
            sys.exit("a slow request is not ended")
except ConnectionError:
    pass
slow.close()
if time.monotonic() - began < 1:
    sys.exit("a slow request was ended at once")
alive("a slow request")

# More connections than there may be, on which nothing comes.
many = []
for _ in range(150):
    try:
        many.append(connect())
    except OSError:
        break
alive("many connections", 200)  # those that are too many are closed at once
for connection in many:
    connection.close()
