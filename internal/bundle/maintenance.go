package bundle

import (
	sdk "github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/deploy"
)

func (b builder) maintenance() []deploy.Resource {
	m := b.Maintenance
	if m == nil {
		return nil
	}
	request := b.newJob("maintenance", "Compacts the tables and clears files that no version needs any more.")
	request.Schedule = b.schedule(m.Schedule, m.Paused)
	request.Queue = &sdk.QueueSettings{Enabled: true}
	request.TimeoutSeconds = seconds(m.Timeout)
	request.Tasks = []sdk.Task{{TaskKey: "maintenance", NotebookTask: b.notebookTask(maintenanceNotebook, places(Parameters(b.target)))}}
	b.placeOn(&request)
	return []deploy.Resource{b.job(KeyMaintenance, request, nil)}
}
