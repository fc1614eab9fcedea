package bundle

import (
	sdk "github.com/databricks/databricks-sdk-go/service/jobs"

	"github.com/cryptostream/lakectl/internal/deploy"
)

func (b builder) maintenance() []deploy.Resource {
	if b.Maintenance == nil {
		return nil
	}
	return []deploy.Resource{b.job(KeyMaintenance, b.maintenanceJob(), nil)}
}

func (b builder) maintenanceJob() sdk.CreateJob {
	request := b.newJob("maintenance", "Compacts the tables and clears files that no version needs any more.")
	request.Schedule = b.schedule(b.Maintenance.Schedule, b.Maintenance.Paused)
	request.Queue = &sdk.QueueSettings{Enabled: true}
	request.TimeoutSeconds = seconds(b.Maintenance.Timeout)
	request.Tasks = []sdk.Task{{TaskKey: "maintenance", NotebookTask: b.notebookTask(maintenanceNotebook, care(Parameters(b.target)))}}
	b.placeOn(&request)
	return request
}
