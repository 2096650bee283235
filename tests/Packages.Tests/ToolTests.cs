namespace ForegSyte.Packages.Tests;

/// <summary>The command line, installed from its package, against running services.</summary>
[Collection(PackedCollection.Name)]
public sealed class ToolTests(Packed packed, PackedCollection.RunningServices running)
{
    [Fact]
    public async Task Version_IsThatOfThePackage()
    {
        var output = await RunAsync("--version");

        Assert.StartsWith(packed.Version, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipelines_AreThoseOfTheServer()
    {
        var output = await RunAsync("pipelines", "--server", running.Services.JobAddress.ToString());

        Assert.Contains("yolo_ocr", output, StringComparison.Ordinal);
    }

    private Task<string> RunAsync(params string[] arguments) =>
        Shell.RunAsync(packed.Tools, packed.Variables, packed.Tool, arguments);
}
