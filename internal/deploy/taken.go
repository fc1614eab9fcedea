package deploy

import (
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/internal/exit"
)

// takenBy is the error of a name that somebody else's resource has.
type takenBy struct {
	r   Resource
	ids []string
}

func (t takenBy) Error() string {
	text := fmt.Sprintf("%s %q", noun(t.r.Kind), t.r.Name)
	if !kinds[t.r.Kind].named {
		text += " (" + strings.Join(t.ids, ", ") + ")"
	}
	return text
}

func newTaken(r Resource, found []Found) error {
	t := takenBy{r: r}
	for _, f := range found {
		t.ids = append(t.ids, f.ID)
	}
	return t
}

func allTaken(all []takenBy) error {
	texts, binds := make([]string, len(all)), make([]string, len(all))
	for i, t := range all {
		texts[i] = t.Error()
		binds[i] = fmt.Sprintf("--bind '%s=%s'", t.r.Key, t.ids[0])
	}
	return exit.New(exit.Refused, fmt.Errorf("the workspace has what this target did not make: %s", strings.Join(texts, ", ")),
		"take it over with "+strings.Join(binds, " ")+", or give the target other names")
}
