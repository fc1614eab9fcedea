package bundle

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind, but for the one that a library of the SDK starts when it is loaded.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}
