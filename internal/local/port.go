package local

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/cryptostream/lakectl/internal/exit"
)

// portTries is how often a start is tried whose port, chosen here, was taken before the server had it.
const portTries = 3

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// choosePort returns a free port of the loopback if want is 0, and else want if it is free.
func choosePort(want int) (int, error) {
	l, err := net.Listen("tcp4", loopback(want))
	if errors.Is(err, syscall.EADDRINUSE) {
		return 0, exit.New(exit.Failed, fmt.Errorf("port %d of 127.0.0.1 is taken", want),
			fmt.Sprintf("end what listens there (ss -ltnp 'sport = :%d' names it), or choose another port; 0 is any free one", want))
	}
	if err != nil {
		return 0, fmt.Errorf("listen on port %d: %w", want, err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// addressTaken reports whether a server ended because its port was taken.
func addressTaken(err error) bool {
	return containsAny(err.Error(), "Address already in use", "address already in use", "Failed to bind")
}
