using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class InMemoryStorageTests : StorageContract
{
    private protected override IStorage Storage { get; } = new InMemoryStorage();
}
