package exchange

import (
	"context"
	"net"
)

// Through makes all connections by dial, so that a test's network can be in memory.
func (o Options) Through(dial func(ctx context.Context, network, address string) (net.Conn, error)) Options {
	o.dial = dial
	return o
}

// PlainNumber is how a number of an answer is read.
var PlainNumber = plain
