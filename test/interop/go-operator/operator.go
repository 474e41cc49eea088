// An operator on the mesos-go library as Debian packages it: reserves resources, makes and destroys a volume, sets quota and
// schedules maintenance, and looks after each call whether it holds. Ends with status 0 only when all of it did.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpmaster"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	"github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/master/calls"
	"github.com/mesos/mesos-go/api/v1/lib/quota"
	"github.com/mesos/mesos-go/api/v1/lib/resources"
)

const (
	role     = "interop-operator"
	diskMB   = 64.0
	pollTime = 50 * time.Millisecond
)

type operator struct {
	ctx    context.Context
	sender calls.Sender
}

func main() {
	address := flag.String("master", "127.0.0.1:5050", "host:port of the master")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := httpcli.New(
		httpcli.Endpoint(fmt.Sprintf("http://%s/api/v1", *address)),
		httpcli.Codec(codecs.ByMediaType[codecs.MediaTypeProtobuf]),
	)
	if err := (&operator{ctx, httpmaster.NewSender(client.Send)}).run(); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("done")
}

func (o *operator) run() error {
	agent, err := o.agent()
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		run  func(mesos.AgentInfo) error
	}{
		{"a reservation and a volume", o.reserve},
		{"quota", o.quota},
		{"a maintenance schedule", o.maintenance},
	} {
		if err := part.run(agent.GetAgentInfo()); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		fmt.Println("held:", part.name)
	}
	return nil
}

// ask sends a call that is answered by a message.
func (o *operator) ask(call *master.Call) (*master.Response, error) {
	answer, err := o.sender.Send(o.ctx, calls.NonStreaming(call))
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var response master.Response
	return &response, answer.Decode(&response)
}

// tell sends a call that is answered by its status alone.
func (o *operator) tell(call *master.Call) error {
	return calls.SendNoData(o.ctx, o.sender, calls.NonStreaming(call))
}

func (o *operator) agent() (*master.Response_GetAgents_Agent, error) {
	response, err := o.ask(calls.GetAgents())
	if err != nil {
		return nil, err
	}
	agents := response.GetGetAgents().GetAgents()
	if len(agents) != 1 {
		return nil, fmt.Errorf("%d agents, not 1", len(agents))
	}
	return &agents[0], nil
}

// until waits for the agent's resources of our role: how much is reserved, and how much of that are volumes. MB.
func (o *operator) until(reserved, volumes float64) error {
	for {
		agent, err := o.agent()
		if err != nil {
			return err
		}
		var haveReserved, haveVolumes float64
		for _, one := range agent.GetTotalResources() {
			if one.GetName() != "disk" || !isOurs(one) {
				continue
			}
			haveReserved += one.GetScalar().GetValue()
			if one.GetDisk().GetPersistence() != nil {
				haveVolumes += one.GetScalar().GetValue()
			}
		}
		if haveReserved == reserved && haveVolumes == volumes {
			return nil
		}
		select {
		case <-o.ctx.Done():
			return fmt.Errorf("reserved %v, volumes %v; not %v and %v", haveReserved, haveVolumes, reserved, volumes)
		case <-time.After(pollTime):
		}
	}
}

// isOurs knows both formats of reservations.
func isOurs(resource mesos.Resource) bool {
	stack := resource.GetReservations()
	if len(stack) > 0 {
		return stack[len(stack)-1].GetRole() == role
	}
	return resource.GetRole() == role
}

func (o *operator) reserve(agent mesos.AgentInfo) error {
	dynamic := mesos.Resource_ReservationInfo_DYNAMIC
	disk := resources.NewDisk(diskMB).Resource
	disk.Reservations = []mesos.Resource_ReservationInfo{{Type: &dynamic, Role: text(role)}}
	volume := disk
	mode := mesos.RW
	volume.Disk = &mesos.Resource_DiskInfo{
		Persistence: &mesos.Resource_DiskInfo_Persistence{ID: "interop"},
		Volume:      &mesos.Volume{ContainerPath: "data", Mode: &mode},
	}
	id := *agent.GetID()
	for _, step := range []struct {
		call              *master.Call
		reserved, volumes float64
	}{
		{calls.ReserveResources(id, disk), diskMB, 0},
		{calls.CreateVolumes(id, volume), diskMB, diskMB},
		{calls.DestroyVolumes(id, volume), diskMB, 0},
		{calls.UnreserveResources(id, disk), 0, 0},
	} {
		if err := o.tell(step.call); err != nil {
			return fmt.Errorf("%v: %w", step.call.Type, err)
		}
		if err := o.until(step.reserved, step.volumes); err != nil {
			return fmt.Errorf("after %v: %w", step.call.Type, err)
		}
	}
	if err := o.tell(calls.UnreserveResources(id, disk)); err == nil {
		return fmt.Errorf("what is not reserved was unreserved")
	}
	return nil
}

func (o *operator) quotas() (int, error) {
	response, err := o.ask(calls.GetQuota())
	if err != nil {
		return 0, err
	}
	found := 0
	for _, info := range response.GetGetQuota().GetStatus().Infos {
		if info.GetRole() == role && len(info.Guarantee) == 1 && info.Guarantee[0].GetScalar().GetValue() == 0.5 {
			found++
		}
	}
	return found, nil
}

func (o *operator) quota(mesos.AgentInfo) error {
	request := quota.QuotaRequest{Role: text(role), Guarantee: []mesos.Resource{resources.NewCPUs(0.5).Resource}}
	if err := o.tell(calls.SetQuota(request)); err != nil {
		return err
	}
	if found, err := o.quotas(); err != nil || found != 1 {
		return fmt.Errorf("%d quotas of the role, not 1: %v", found, err)
	}
	request.Guarantee = []mesos.Resource{resources.NewCPUs(1e6).Resource}
	if err := o.tell(calls.SetQuota(request)); err == nil {
		return fmt.Errorf("more than the cluster has was guaranteed")
	}
	if err := o.tell(calls.RemoveQuota(role)); err != nil {
		return err
	}
	if found, err := o.quotas(); err != nil || found != 0 {
		return fmt.Errorf("%d quotas of the role, not 0: %v", found, err)
	}
	return nil
}

func (o *operator) windows() (int, error) {
	response, err := o.ask(calls.GetMaintenanceSchedule())
	return len(response.GetGetMaintenanceSchedule().GetSchedule().Windows), err
}

func (o *operator) maintenance(agent mesos.AgentInfo) error {
	host := agent.GetHostname()
	machine := mesos.MachineID{Hostname: &host, IP: text("127.0.0.1")}
	window := maintenance.Window{
		MachineIDs:     []mesos.MachineID{machine},
		Unavailability: mesos.Unavailability{Start: mesos.TimeInfo{Nanoseconds: time.Now().Add(time.Hour).UnixNano()}},
	}
	if err := o.tell(calls.UpdateMaintenanceSchedule(maintenance.Schedule{Windows: []maintenance.Window{window}})); err != nil {
		return err
	}
	if count, err := o.windows(); err != nil || count != 1 {
		return fmt.Errorf("%d windows, not 1: %v", count, err)
	}
	status, err := o.ask(calls.GetMaintenanceStatus())
	if err != nil {
		return err
	}
	if draining := len(status.GetGetMaintenanceStatus().GetStatus().DrainingMachines); draining != 1 {
		return fmt.Errorf("%d machines drain, not 1", draining)
	}
	if err := o.tell(calls.StopMaintenance(machine)); err == nil {
		return fmt.Errorf("a machine that is not down came up")
	}
	if err := o.tell(calls.UpdateMaintenanceSchedule(maintenance.Schedule{})); err != nil {
		return err
	}
	if count, err := o.windows(); err != nil || count != 0 {
		return fmt.Errorf("%d windows, not 0: %v", count, err)
	}
	return nil
}

func text(value string) *string { return &value }
