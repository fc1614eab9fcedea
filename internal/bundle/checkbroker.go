package bundle

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/internal/target"
)

// reach is from where a broker's address can be reached.
type reach int

const (
	public   reach = iota
	private        // from a network only: a private address, or a name that no public DNS has
	loopback       // from its own machine only
)

// privateSuffixes are of names that the public DNS does not have (RFC 6762, RFC 8375, and ICANN's .internal),
// or that only a cluster's own DNS answers.
var privateSuffixes = []string{".local", ".internal", ".localdomain", ".lan", ".home.arpa", ".svc"}

// sharedAddresses are the ones behind a carrier's NAT (RFC 6598).
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// reachOf looks at the form of a host only; nothing is asked.
func reachOf(host string) reach {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		switch ip = ip.Unmap(); {
		case ip.IsLoopback() || ip.IsUnspecified():
			return loopback
		case ip.IsPrivate() || ip.IsLinkLocalUnicast() || sharedAddresses.Contains(ip):
			return private
		}
		return public
	}
	switch {
	case host == "localhost" || strings.HasSuffix(host, ".localhost"):
		return loopback
	case !strings.Contains(host, "."): // such as kafka, in docker-compose
		return private
	case slices.ContainsFunc(privateSuffixes, func(suffix string) bool { return strings.HasSuffix(host, suffix) }):
		return private
	}
	return public
}

// checkBrokers compares where the brokers can be reached from with where the jobs run. Serverless compute is
// in Databricks' network; a cluster is in the workspace's own, which may have a way to private addresses.
func (ps *Problems) checkBrokers(t target.Target) {
	if t.Databricks == nil {
		return
	}
	serverless := t.Databricks.Compute.Serverless
	for _, broker := range t.Kafka.Brokers {
		host, _, err := net.SplitHostPort(broker)
		if err != nil {
			continue // said when the target was read
		}
		where := reachOf(host)
		switch {
		case where == loopback && serverless, where == private && serverless:
			ps.add("", "give an address that the internet reaches, run the jobs on a cluster in the broker's network, or read files (kafka.files)",
				"serverless compute can't reach the broker %s", broker)
		case where == loopback:
			ps.warn("give the address by which the workspace's network knows the broker", "%s is, for a cluster, the cluster itself", broker)
		case where == private:
			ps.warn("see that the cluster's network has a way to it and knows its name (docs/databricks.md)", "the broker %s has no public address", broker)
		case !strings.HasSuffix(t.Kafka.Security, "SSL"):
			ps.warn("use SSL or SASL_SSL", "%s to the public broker %s: anybody on the way reads what is sent, passwords too", t.Kafka.Security, broker)
		}
	}
}
