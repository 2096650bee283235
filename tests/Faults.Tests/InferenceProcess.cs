using System.Globalization;
using ForegSyte.Testing;

namespace ForegSyte.Faults.Tests;

/// <summary>An InferenceService with the real models that is ended and started again on the same port.</summary>
internal sealed class InferenceProcess : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private ServiceProcess? _process;
    private int _port;

    /// <summary>Where it listens, from its first start on.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>The running process.</summary>
    public ServiceProcess Process =>
        _process ?? throw new InvalidOperationException("The InferenceService does not run.");

    /// <summary>Starts it; it listens when this returns.</summary>
    public async Task StartAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        (_process, Address) = await ServiceProcess.StartAsync("InferenceService", new Dictionary<string, string>
        {
            ["DataDirectory"] = _folder.Path,
            ["Video:AllowedRoots:0"] = Path.GetTempPath(),
            ["Listen:Port"] = _port.ToString(CultureInfo.InvariantCulture),
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json"),
        });
        _port = Address.Port;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Dispose();
    }
}
