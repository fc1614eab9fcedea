package fakeworkspace

import (
	"github.com/databricks/databricks-sdk-go/service/dashboards"
)

func (w *Workspace) publishDashboard(c *call) (any, *Error) {
	d, failed := w.dashboard(c)
	if failed != nil {
		return nil, failed
	}
	body, request, failed := read[dashboards.PublishRequest](c)
	if failed != nil {
		return nil, failed
	}
	warehouse := request.WarehouseId
	if warehouse == "" {
		warehouse = d.draft.WarehouseId
	}
	if w.warehouses[warehouse] == nil {
		return nil, invalid("A dashboard can't be published without a SQL warehouse that exists")
	}
	d.published = &dashboards.PublishedDashboard{
		DisplayName: d.draft.DisplayName, WarehouseId: warehouse, RevisionCreateTime: w.stamp(),
		EmbedCredentials: body["embed_credentials"] != false, ForceSendFields: []string{"EmbedCredentials"},
	}
	return d.published, nil
}

func (w *Workspace) publishedDashboard(c *call) (any, *Error) {
	d, failed := w.dashboard(c)
	if failed != nil {
		return nil, failed
	}
	if d.published == nil {
		return nil, missing("Unable to find published dashboard %s", d.draft.DashboardId)
	}
	return d.published, nil
}

func (w *Workspace) unpublishDashboard(c *call) (any, *Error) {
	d, failed := w.dashboard(c)
	if failed != nil {
		return nil, failed
	}
	d.published = nil
	return nil, nil
}
