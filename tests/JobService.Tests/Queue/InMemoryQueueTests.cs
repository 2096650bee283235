using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class InMemoryQueueTests : JobQueueContract
{
    private protected override IJobQueue Create() => TestQueues.New();
}
