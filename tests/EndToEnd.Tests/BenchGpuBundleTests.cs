using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>
/// The script of the GPU benchmark's bundle on machines without a GPU, with a program that prints its settings.
/// </summary>
public sealed class BenchGpuBundleTests : IAsyncLifetime
{
    private const string Part = "foregsyte-bench-gpu.tar.gz.00";

    private static readonly string[] Libraries =
    [
        "libcuda.so.1", "libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13", "libcurand.so.10", "libcudnn.so.9",
    ];

    private readonly TemporaryFolder _folder = new();

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_folder.File("home"));
        await BashAsync(
            """
            mkdir -p stage/dotnet bundle fake
            printf '#!/bin/sh\necho "program $(basename "$1") $2 $3 $4"\n' > stage/dotnet/dotnet
            printf 'echo "libraries $LD_LIBRARY_PATH"\n' >> stage/dotnet/dotnet
            printf '#!/bin/sh\necho "Card 9000, 580.1, 80000 MiB"\n' > fake/nvidia-smi
            chmod +x stage/dotnet/dotnet fake/nvidia-smi
            tar -C stage -cz . > bundle/foregsyte-bench-gpu.tar.gz.00
            cp "$RUN" bundle/run.sh
            cd bundle && sha256sum foregsyte-bench-gpu.tar.gz.00 run.sh > SHA256SUMS
            """);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Run_OnTheCpu_UnpacksAndStartsTheProgram()
    {
        var (code, output) = await RunAsync("--provider cpu --jobs 1");

        Assert.Equal(0, code);
        Assert.Contains("program ForegSyte.Benchmarks.dll gpu --provider cpu", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_DamagedPart_IsRefused()
    {
        await File.AppendAllTextAsync(_folder.File("bundle", Part), "x", TestContext.Current.CancellationToken);

        var (code, output) = await RunAsync("--provider cpu");

        Assert.Equal(2, code);
        Assert.Contains($"{Part}: FAILED", output, StringComparison.Ordinal);
        Assert.Contains("a part is missing or damaged", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithoutCuda_NamesWhatIsMissing()
    {
        Assert.SkipWhen(File.Exists("/usr/local/cuda/lib64/libcudart.so.13"), "This machine has CUDA 13.");
        var (code, output) = await RunAsync("");

        Assert.Equal(2, code);
        Assert.Contains("missing: CUDA 13 (libcudart.so.13)", output, StringComparison.Ordinal);
        Assert.Contains("missing: cuDNN 9 (libcudnn.so.9)", output, StringComparison.Ordinal);
        Assert.Contains("LIBRARIES=folder:folder", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_LibrariesOfPythonPackages_AreFound()
    {
        var packages = _folder.File("home", ".local", "lib", "python3.12", "site-packages", "nvidia");
        foreach (var library in Libraries)
        {
            var folder = Path.Combine(packages, library == "libcudnn.so.9" ? "cudnn" : "cu13", "lib");
            Directory.CreateDirectory(folder);
            await File.WriteAllTextAsync(Path.Combine(folder, library), "", TestContext.Current.CancellationToken);
        }

        var (code, output) = await RunAsync("");

        Assert.Equal(0, code);
        Assert.Contains("GPU: Card 9000", output, StringComparison.Ordinal);
        Assert.Contains($"libcudnn.so.9: {packages}/cudnn/lib", output, StringComparison.Ordinal);
        Assert.Contains($"{packages}/cu13/lib", output.Split("libraries ")[1], StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output)> RunAsync(string arguments)
    {
        var result = await BashAsync(
            $"env -i HOME={_folder.File("home")} PATH={_folder.File("fake")}:/usr/bin:/bin "
            + $"bash bundle/run.sh {arguments} 2>&1");
        return (result.ExitCode, result.StandardOutput);
    }

    private Task<CliWrap.Buffered.BufferedCommandResult> BashAsync(string lines) => Shell.RunAsync(
        lines, _folder.Path,
        new Dictionary<string, string?> { ["RUN"] = Path.Combine(RepositoryFiles.Root, "eng", "bench-gpu-run.sh") });
}
