package reconcile

import (
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

// LateEvents returns what CountLate and InsertLate have in common: common table expressions that end in missing,
// the late events. It needs Source, Sink and Watermark.
func LateEvents(job jobs.Job, p ddl.Place, s Scope) string { return lateEvents(job, p, s) }
