package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// listener is a socket that a process listens on.
type listener struct {
	pid  int
	addr netip.AddrPort
}

// listeners are the TCP sockets that the processes listen on, as Linux tells.
func listeners(t *testing.T, pids ...int) (list []listener) {
	t.Helper()
	for _, pid := range pids {
		sockets := socketsOf(t, pid)
		for _, table := range []string{"tcp", "tcp6"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				const listening = "0A"
				if f := strings.Fields(line); len(f) > 9 && f[3] == listening && slices.Contains(sockets, f[9]) {
					list = append(list, listener{pid, procAddr(t, f[1])})
				}
			}
		}
	}
	return list
}

// socketsOf are the inodes of a process's sockets.
func socketsOf(t *testing.T, pid int) (inodes []string) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("open files of %d: %v", pid, err)
	}
	for _, file := range files {
		link, _ := os.Readlink(file) // it may have been closed meanwhile
		if inode, ok := strings.CutPrefix(link, "socket:["); ok {
			inodes = append(inodes, strings.TrimSuffix(inode, "]"))
		}
	}
	return inodes
}

// procAddr reads 0100007F:1F90, an address in words of the machine's order, little-endian here.
func procAddr(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw)%4 != 0 {
		t.Fatalf("address %q: %v", text, err)
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	addr, _ := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(number))
}

// descendants are the processes that a process has started, and theirs.
func descendants(t *testing.T, pid int) (list []int) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("children of %d: %v", pid, err)
	}
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, child := range bytes.Fields(text) {
			number, err := strconv.Atoi(string(child))
			if err != nil {
				t.Fatal(err)
			}
			list = append(append(list, number), descendants(t, number)...)
		}
	}
	return list
}

// A socket on every address, and one of IPv6, are seen as what they are.
func TestListenersAreSeen(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		want := l.Addr().(*net.TCPAddr).AddrPort()
		if got := listeners(t, os.Getpid()); !slices.Contains(got, listener{os.Getpid(), want}) {
			t.Errorf("%s is not among %v", want, got)
		}
	}
}
