# SPDX-License-Identifier: Apache-2.0
# Asks web servers, for shell tests: http_ask.py FILE reads a question from each line, its words ended
# by the character 037, [-m METHOD] [-r] [-s] [-e EXPRESSION] ADDRESS PATH [HEADER: VALUE ...]. Writes
# to FILE the status, with -r the headers, and (not with -s) what came; with -e what the expression
# makes of it, j being its JSON. Then prints a line. Nothing is followed, kept or added but Host and
# what http.client cannot do without.
import argparse
import http.client
import json
import sys
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("-m", dest="method", default="GET")
parser.add_argument("-r", dest="headers", action="store_true")
parser.add_argument("-s", dest="status", action="store_true")
parser.add_argument("-e", dest="expression")
parser.add_argument("address")
parser.add_argument("path")
parser.add_argument("more", nargs="*")


def ask(args):
    url = urllib.parse.urlsplit(args.address)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    connection.putrequest(args.method, args.path, skip_host=True, skip_accept_encoding=True)
    more = [header.split(": ", 1) for header in args.more]
    if not any(name.lower() == "host" for name, _ in more):
        connection.putheader("Host", url.netloc)
    for name, value in more:
        connection.putheader(name, value.encode())
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if args.expression:
        return str(eval(args.expression, {"j": json.loads(body)})).encode()
    text = f"{answer.status}\n"
    if args.headers:
        text += "".join(f"{name}: {value}\n" for name, value in answer.getheaders()) + "\n"
    return text.encode("latin-1") + (b"" if args.status else body)


for line in sys.stdin:
    try:
        said = ask(parser.parse_args(line.rstrip("\n").split("\037")[:-1]))
    except Exception as error:
        said = f"http_ask.py: {error!r}".encode()
    with open(sys.argv[1], "wb") as file:
        file.write(said)
    print("done", flush=True)
