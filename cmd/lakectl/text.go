package main

import (
	"net"
	"os"
	"strconv"
	"strings"
)

func environment(name string) string { return os.Getenv(name) }

func pid() int { return os.Getpid() }

func joinBrokers(brokers []string) string { return strings.Join(brokers, ",") }

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func orAll(job string) string {
	if job == "" {
		return "all queries"
	}
	return job
}

// portOf returns the port of a host:port, 0 where it has none.
func portOf(address string) int {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return 0
	}
	port, _ := strconv.Atoi(text)
	return port
}
