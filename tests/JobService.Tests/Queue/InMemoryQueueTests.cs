using ForegSyte.Jobs.Queue;

namespace ForegSyte.Jobs.Tests.Queue;

public sealed class InMemoryQueueTests : JobQueueContract
{
    private protected override IJobQueue Create() => new InMemoryQueue();
}
