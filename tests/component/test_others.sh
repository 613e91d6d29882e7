#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
# Programs as people run them, and what a program can see of itself: the same with and without the
# preload.
. "$(dirname "$0")/../lib.sh"

bin=$EPMT_BUILD/tests/component
number=0

# Runs a command both ways, each in an empty directory of its own; afterwards the rows of the second
# run are in the database.
job() { # DESCRIPTION COMMAND...
    local description=$1
    shift
    number=$((number + 1))
    TEST_DB=$TEST_DIR/$number.db
    export EPMT_OUTPUT_PREFIX=$TEST_DIR/$number/ EPMT_JOB_ID=$number EPMT_DB_URL=sqlite:///$TEST_DB
    run_both "$description" "$TEST_DIR/fresh" "$@"
    submit_ended "$EPMT_OUTPUT_PREFIX" >"$TEST_DIR/said" 2>&1 # something may outlive its parent
}
cat >"$TEST_DIR/fresh" <<'S'
#!/bin/sh
rm -rf "$TEST_DIR/work"
mkdir "$TEST_DIR/work"
cd "$TEST_DIR/work" || exit 1
exec "$@"
S
chmod +x "$TEST_DIR/fresh"
export TEST_DIR

rows() { # DESCRIPTION EXPECTED PROGRAM [CONDITION]: how many images of the program ended how
    equal "$1: rows of $3" "$2" "$(sql "select state || ':' || count(*) from processes
        where exename = '$3' and ${4:-1} group by state order by 1" | paste -sd ' ')"
}

have() { # PROGRAM...: says which are not there
    local program status=0
    for program in "$@"; do
        command -v "$program" >/dev/null && continue
        echo "# not installed: $program"
        status=1
    done
    return $status
}

# What a program sees of itself.
job "what a program sees" "$bin/see" see_self
contains "what a program sees: it looked" "umask" "$(cat "$TEST_DIR/preloaded.out")"
job "umask and locale" sh -c "umask 077; LC_ALL=C LC_NUMERIC=de_DE exec $bin/see see_self"
job "limits of its own" sh -c "ulimit -n 64; ulimit -s 1024; ulimit -c 0; exec $bin/see see_self"
for limit in "-n 4" "-n 5" "-s 64" "-v 40000" "-l 0" "-t 5" "-f 0" "-f 1"; do
    job "ulimit $limit" sh -c "ulimit $limit; exec $bin/see lives_on"
done
job "the journal is longer than the limit of a file" \
    sh -c "for i in 1 2 3 4 5; do /bin/true; done; ulimit -f 1; $bin/see lives_on"
job "a program that closes all" sh -c "$bin/see closes_all; echo \$?; cat data.1 data.2"
rows "a program that closes all" "exec:1 exited:1" see
job "a program that uses all descriptors" sh -c "ulimit -n 20; exec $bin/see uses_all"
rows "a program that uses all descriptors" "exited:1" see
job "a malloc of its own" "$bin/own_malloc"
rows "a malloc of its own" "exited:2" own_malloc
job "all descriptors closed on entry" sh -c "exec $bin/see see_self 0<&- 2<&-"
job "no standard output" sh -c "exec $bin/see see_self >&-"

# Compilers, make, dlopen, static programs.
if have gcc make; then
    for i in 1 2 3 4 5 6; do
        printf '#include <stdio.h>\nint f%d(int n){return printf("%%d\\n", n);}\n' $i \
            >"$TEST_DIR/f$i.c"
    done
    echo 'int f1(int); int main(void) { f1(7); return 3; }' >"$TEST_DIR/main.c"
    cat >"$TEST_DIR/Makefile" <<'M'
program: main.o f1.o f2.o f3.o f4.o f5.o f6.o
	@gcc -o $@ $^
%.o: $(TEST_DIR)/%.c
	@gcc -O2 -c -o $@ $<
fails:
	@exit 3
M
    job "make -j4" sh -c 'make -s -j4 -f "$TEST_DIR/Makefile"; ./program; echo $?; cksum *.o program'
    rows "make -j4" "exited:7" cc1
    rows "make -j4" "exited:7" as
    rows "make -j4" "exited:1" program "exitcode = 3"
    job "make that fails" sh -c 'make -s -k -f "$TEST_DIR/Makefile" fails 2>&1; echo $?'
    mkdir -p "$TEST_DIR/plugins"
    echo 'int answer(void) { return 42; }' >"$TEST_DIR/answer.c"
    echo '#include <dlfcn.h>
        int (*found)(void);
        int answer(void) {
            void *library = dlopen("libanswer.so", RTLD_NOW | RTLD_LOCAL);
            return library ? ((int (*)(void))dlsym(library, "answer"))() : -1;
        }' >"$TEST_DIR/opener.c"
    gcc -shared -fPIC -o "$TEST_DIR/plugins/libanswer.so" "$TEST_DIR/answer.c"
    gcc -shared -fPIC -o "$TEST_DIR/libopener.so" "$TEST_DIR/opener.c" \
        '-Wl,-rpath,$ORIGIN/plugins,--enable-new-dtags'
    job "dlopen by the caller's RUNPATH" env LIBRARY="$TEST_DIR/libopener.so" "$bin/see" dlopens
    equal "dlopen by the caller's RUNPATH: found" "answer: 42, seen by all: 0" \
        "$(cat "$TEST_DIR/preloaded.out")"
    if gcc -static -o "$TEST_DIR/static" "$TEST_DIR/main.c" "$TEST_DIR/f1.c" 2>/dev/null; then
        job "a static program" sh -c '$TEST_DIR/static; echo $?'
    else
        echo "# not installed: static C library"
    fi
fi

# The other word size: no headers and no start-up code of it are needed, only its C library.
loader=$(readlink -f /lib/ld-linux.so.2)
if [ -n "$loader" ] && [ -f "$(dirname "$loader")/libc.so.6" ] && have gcc; then
    cat >"$TEST_DIR/small.c" <<'C'
int printf(const char *format, ...);
void exit(int status);
void _start(void) { printf("%d bytes\n", (int)sizeof(void *)); exit(3); }
C
    gcc -m32 -ffreestanding -fno-pic -no-pie -nostdlib -nostartfiles -fno-stack-protector \
        -mpreferred-stack-boundary=2 -o "$TEST_DIR/small" "$TEST_DIR/small.c" \
        "$(dirname "$loader")/libc.so.6" -Wl,-dynamic-linker,"$loader"
    for word in lib32 lib/i386-linux-gnu; do
        mkdir -p "$TEST_DIR/any/$word"
        gcc -m32 -shared -fPIC -nostdlib -x c /dev/null -o "$TEST_DIR/any/$word/libepmt.so"
    done
    for word in lib lib64 "$(gcc -print-multiarch)"; do
        mkdir -p "$TEST_DIR/any/$word" "$TEST_DIR/any/lib/$word"
        cp "$PRELOAD" "$TEST_DIR/any/$word"
        cp "$PRELOAD" "$TEST_DIR/any/lib/$word"
    done
    saved=$PRELOAD
    PRELOAD=$TEST_DIR/any/'$LIB'/libepmt.so
    job "\$LIB, and a program of 32 bits" sh -c '$TEST_DIR/small; echo $?'
    equal "\$LIB, and a program of 32 bits: it ran" "4 bytes 3" "$(paste -sd' ' "$TEST_DIR/preloaded.out")"
    rows "\$LIB, and a program of 32 bits" "exited:1" sh
    PRELOAD=$saved
else
    echo "# not installed: C library of 32 bits"
fi
# The loader puts in for $LIB: lib/<multiarch>, lib64 or lib, as the system has it.
multiarch=$(ldd /bin/sh | sed -n 's|.* /\(lib.*\)/libc\.so.*|\1|p')
for word in lib lib64 "$multiarch"; do
    mkdir -p "$TEST_DIR/any/$word"
    cp "$PRELOAD" "$TEST_DIR/any/$word/"
done
saved=$PRELOAD
PRELOAD=$TEST_DIR/any/'$LIB'/libepmt.so
job "LD_PRELOAD with \$LIB" sh -c '/bin/true; exit 6'
rows "LD_PRELOAD with \$LIB" "exited:1" true
PRELOAD=$saved

# Other users, who may not be let into where the installation is.
installed=$PRELOAD
chmod 711 "$TEST_DIR"
mkdir -p "$TEST_DIR/open/lib"
cp "$PRELOAD" "$TEST_DIR/open/lib/"
PRELOAD=$TEST_DIR/open/lib/libepmt.so
if [ "$(id -u)" = 0 ] && have su setpriv; then
    job "su -c" su -s /bin/sh nobody -c 'id -u; exit 4'
    job "su - root -c" su root -c 'id -u; exit 4'
    job "a setuid program" setpriv --reuid 65534 --regid 65534 --clear-groups "$(command -v su)" --version
fi
PRELOAD=$installed

# Shells.
cat >"$TEST_DIR/traps.sh" <<'S'
trap 'echo leaving $?' EXIT
trap 'echo interrupted' INT
trap 'echo terminated' TERM
kill -INT $$
(trap 'echo inner' USR1; kill -USR1 $BASHPID; exit 5); echo $?
kill -TERM $$
sleep 100 & kill -KILL $!; wait $!; echo $?
sh -c 'kill -SEGV $$' 2>/dev/null; echo $?
false | true | (exit 3); echo "${PIPESTATUS[@]}"
set -m; (exit 7) & wait $!; echo $?; set +m
bash -c '(exit 8) & wait -n; echo $?'
cat <(echo substituted) | tr a-z A-Z
coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
kill $COPROC_PID; wait $COPROC_PID; echo $?
trap 'echo child' CHLD; /bin/true; trap - CHLD
ulimit -n; umask
printf '%s\n' {1..50} | xargs -n 1 -P 4 sh -c 'exit $(($1 == 50))' sh; echo $?
timeout 0.1 sleep 5; echo $?
exec 3>&-; exit 9
S
job "bash with traps" sh -c \
    '{ bash "$TEST_DIR/traps.sh"; echo $?; } 2>&1 | sed "s/: line \([0-9]*\): *[0-9]*/: line \1/"'
contains "bash with traps: it came to its end" "leaving 9" "$(cat "$TEST_DIR/preloaded.out")"
job nohup sh -c 'nohup sh -c "kill -HUP \$\$; echo survived" >out 2>/dev/null; cat out'
equal "nohup: it survived" survived "$(cat "$TEST_DIR/preloaded.out")"
job "a pipeline" sh -c 'seq 20000 | sort -R --random-source=/bin/sh | sort -n --parallel=4 | cksum'
for shell in csh ksh zsh; do
    have $shell && job $shell $shell -c '/bin/true; /bin/false; (exit 3); echo $?; kill -TERM $$'
done
if have tclsh; then
    cat >"$TEST_DIR/test.tcl" <<'T'
puts [exec echo one | tr a-z A-Z]
puts [catch {exec sh -c "exit 3"} message options]
puts [lrange [dict get $options -errorcode] 0 0]
puts [catch {exec /nowhere/x} message]
set pipe [open "|cat" r+]; puts $pipe through; flush $pipe; puts [gets $pipe]; close $pipe
after 50 {set done 1}; vwait done
exit 6
T
    job tcl tclsh "$TEST_DIR/test.tcl"
fi
if have perl; then
    cat >"$TEST_DIR/test.pl" <<'P'
use strict; use IPC::Open3; use POSIX ":sys_wait_h"; $| = 1;
print system("exit 3"), " ", system("kill -9 \$\$"), " ", system({"/nowhere/x"} "x"), " $!\n";
my $pid = fork // die; if (!$pid) { $0 = "renamed"; exit 7 } waitpid $pid, 0; print "$?\n";
my $got = `echo one; exit 2`; print "$got$?\n";
local $SIG{CHLD} = sub { while (waitpid(-1, WNOHANG) > 0) { print "reaped $?\n" } };
$pid = fork // die; exit 4 if !$pid; sleep 5; $SIG{CHLD} = "DEFAULT";
$pid = open3(my $in, my $out, undef, "cat"); print $in "through\n"; close $in; print <$out>;
waitpid $pid, 0;
eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; sleep 10 }; print $@;
exec {"/nowhere/x"} "x"; print "$!\n";
$SIG{TERM} = sub { print "caught\n" }; kill TERM => $$; $SIG{TERM} = "DEFAULT"; kill TERM => $$; sleep 9;
P
    job perl perl "$TEST_DIR/test.pl"
    rows perl "exited:1" perl "exitcode = 4"
    rows "perl that renames itself" "exited:1" perl "exitcode = 7"
    rows perl "signaled:1" perl "exitsignal = 15"
fi

# Python.
if have python3; then
    python=$(python3 -c 'import sys; print(sys.executable)')
    cat >"$TEST_DIR/processes.py" <<'P'
import asyncio, multiprocessing, os, signal, sys, threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def square(n):
    return n * n

def leave(how):
    if how == "exit":
        sys.exit(3)
    if how == "_exit":
        os._exit(4)
    if how == "raise":
        os.kill(os.getpid(), signal.SIGTERM)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)

def main():
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(3) as pool:
        print(pool.map(square, range(20)))
        pool.close()
        pool.join()
    for how in ("exit", "_exit", "raise", "kill"):
        process = context.Process(target=leave, args=(how,))
        process.start()
        process.join()
        print(how, process.exitcode)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        print(list(pool.map(square, range(5))))
    with ThreadPoolExecutor(4) as pool:
        print(list(pool.map(square, range(5))))
    print(os.waitstatus_to_exitcode(os.system("exit 5")), os.popen("echo popen").read())
    async def run():
        child = await asyncio.create_subprocess_exec("sh", "-c", "exit 6")
        print(await child.wait())
    asyncio.run(run())
    signal.signal(signal.SIGALRM, lambda *unused: print("alarm"))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.pause()
    print(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGPIPE))
    sys.exit(7)

if __name__ == "__main__":
    main()
P
    for how in fork spawn forkserver; do
        job "Python multiprocessing, $how" "$python" "$TEST_DIR/processes.py" $how
        contains "Python multiprocessing, $how: it came to its end" "popen" \
            "$(cat "$TEST_DIR/preloaded.out")"
        name=$(sql "select exename from processes where exitcode = 7")
        rows "Python multiprocessing, $how" "exited:1" "$name" "exitcode = 4"
        rows "Python multiprocessing, $how" "signaled:1" "$name" "exitsignal = 15"
    done
fi

# Others, where they are there.
if have git; then
    job git sh -c 'export HOME=$PWD GIT_AUTHOR_DATE="2020-01-01 00:00 +0" GIT_CONFIG_NOSYSTEM=1
        export GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE GIT_PAGER=cat
        git init -q -b main . && git config user.name n && git config user.email e
        for i in 1 2 3; do echo $i >f$i; git add . && git commit -q -m "number $i"; done
        git log --format=%H; git gc -q; git fsck; git clone -q . copy && git -C copy status -sb
        git diff HEAD~2 --stat; git nonsense 2>/dev/null; echo $?'
fi
cat >"$TEST_DIR/Test.java" <<'J'
public class Test {
    public static void main(String[] args) throws Exception {
        Thread[] threads = new Thread[8];
        for (int i = 0; i < 8; i++) { threads[i] = new Thread(() -> { }); threads[i].start(); }
        for (Thread thread : threads) thread.join();
        System.out.println(new ProcessBuilder("sh", "-c", "exit 3").start().waitFor());
        try { String s = null; s.length(); } catch (NullPointerException e) { System.out.println("null"); }
        try { new ProcessBuilder("/nowhere/x").start(); } catch (java.io.IOException e) { System.out.println("none"); }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
        if (args[0].equals("exit")) System.exit(7);
        new ProcessBuilder("kill", "-TERM", "" + ProcessHandle.current().pid()).start();
        Thread.sleep(20000);
    }
}
J
check "javac" javac -d "$TEST_DIR" "$TEST_DIR/Test.java"
for how in exit kill; do
    job "java, $how" java -Xshare:auto -cp "$TEST_DIR" Test $how
    contains "java, $how: it came to its end" hook "$(cat "$TEST_DIR/preloaded.out")"
done
if have node; then
    cat >"$TEST_DIR/test.js" <<'J'
const { spawnSync, fork, execSync } = require("child_process");
const { Worker, isMainThread } = require("worker_threads");
if (process.argv[2] === "child") process.exit(5);
console.log(spawnSync("sh", ["-c", "exit 3"]).status, spawnSync("/nowhere/x").error.code);
console.log(spawnSync("sh", ["-c", "kill -9 $$"]).signal, execSync("echo out").toString().trim());
process.on("SIGUSR2", () => console.log("caught"));
process.kill(process.pid, "SIGUSR2");
new Worker("process.exit(4)", { eval: true }).on("exit", (code) => {
  console.log("worker", code);
  fork(__filename, ["child"]).on("exit", (code) => { console.log(code); process.exitCode = 6; });
});
J
    job node node "$TEST_DIR/test.js"
    rows node "exited:1" node "exitcode = 5"
fi
for compiler in "go build" gccgo gccgo-12; do
    [ "$compiler" = "go build" ] || have "${compiler%% *}" || continue
    cat >"$TEST_DIR/test.go" <<'G'
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

func main() {
	out, err := exec.Command("echo", "go").Output()
	fmt.Print(string(out), err, "\n")
	fmt.Println(exec.Command("sh", "-c", "exit 3").Run(), exec.Command("/nowhere/x").Run())
	var group sync.WaitGroup
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func() { defer group.Done(); exec.Command("true").Run() }()
	}
	group.Wait()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGTERM)
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	fmt.Println(<-caught)
	func() {
		defer func() { fmt.Println(recover()) }()
		var nothing *int
		fmt.Println(*nothing)
	}()
	os.Exit(8)
}
G
    rm -f "$TEST_DIR/go-program"
    check "$compiler" sh -c "cd '$TEST_DIR' && GOCACHE=$TEST_DIR/go HOME=$TEST_DIR $compiler -o go-program test.go"
    job "$compiler" "$TEST_DIR/go-program"
    contains "$compiler: it came to its end" "nil pointer dereference" "$(cat "$TEST_DIR/preloaded.out")"
    rows "$compiler" "exited:1" echo
    rows "$compiler" "exited:20" true
done
if have ruby; then
    job ruby ruby -e 'puts `echo one`; system("exit 3"); puts $?.exitstatus; fork { exit 4 }; Process.wait
        puts $?.exitstatus; Thread.new { puts 1 }.join; exit 5'
fi
for command in "tar czf a.tgz -C /usr/include linux/if.h" "sqlite3 x 'create table a(b); .tables'" \
    "find /usr/include/linux -name 'if*.h' -exec basename {} ;" "setsid -w true" "script -qec true x"; do
    have "${command%% *}" && job "${command%% *}" sh -c "$command"
done
finish
