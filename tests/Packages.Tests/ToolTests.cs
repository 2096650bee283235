using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>The command line, installed from its package with the commands of its README.</summary>
[Collection(PackedCollection.Name)]
public sealed class ToolTests(Packed packed, PackedCollection.RunningServices running)
{
    [Fact]
    public async Task Version_IsThatOfThePackage()
    {
        var output = await Shell.RunAsync(packed.Checkout, packed.Variables, packed.Tool, "--version");

        Assert.StartsWith(packed.Version, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pipelines_AreThoseOfTheServer()
    {
        var output = await Shell.RunAsync(
            packed.Checkout, packed.Variables,
            packed.Tool, "pipelines", "--server", running.Services.JobAddress.ToString());

        Assert.Contains("yolo_ocr", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Install_ToolPath_InstallsIntoThatFolder()
    {
        using var folder = new TemporaryFolder();

        await Shell.RunAsync(
            packed.Checkout, packed.Variables,
            "dotnet", "tool", "install", "ForegSyte.CommandLine", "--tool-path", folder.Path,
            "--source", "out/packages");

        var output = await Shell.RunAsync(folder.Path, packed.Variables, folder.File("foregsyte"), "--version");
        Assert.StartsWith(packed.Version, output, StringComparison.Ordinal);
    }
}
