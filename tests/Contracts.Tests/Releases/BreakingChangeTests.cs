namespace ForegSyte.Contracts.Tests.Releases;

/// <summary>
/// eng/breaking.sh accepts exactly the changes that are compatible with callers of the last release. Only the
/// JobService calls foregsyte.inference.v1, so names in its stubs may change.
/// </summary>
public sealed class BreakingChangeTests
{
    private const string GetJob =
        """
          rpc GetJob(GetJobRequest) returns (GetJobResponse) {
            option (google.api.http) = {get: "/v1/jobs/{job_id}"};
          }

        """;

    private const string PipelineId = "string pipeline_id = 3 [(google.api.field_behavior) = IMMUTABLE];";

    [Theory]
    [InlineData("v1/job.proto", PipelineId, "", "Previously present field \"3\" with name \"pipeline_id\"")]
    [InlineData("v1/job.proto", "string pipeline_id = 3 ", "string pipeline = 3 ", "to \"pipeline\"")]
    [InlineData("v1/job.proto", "string pipeline_id = 3 ", "bytes pipeline_id = 3 ", "from \"string\" to \"bytes\"")]
    [InlineData("v1/job.proto", "pipeline_id = 3 ", "pipeline_id = 333 ", "Previously present field \"3\"")]
    [InlineData("v1/job.proto", "string pipeline_id = 3 ", "repeated string pipeline_id = 3 ", "cardinality")]
    [InlineData("v1/job.proto", "JOB_STATUS_CANCELLED = 5;", "JOB_STATUS_CANCELED = 5;", "JOB_STATUS_CANCELLED")]
    [InlineData("v1/results.proto", "message ResultsDocument {", "message Results {", "message \"ResultsDocument\"")]
    [InlineData(
        "v1/job_service.proto",
        GetJob,
        "",
        "Previously present RPC \"GetJob\"")]
    [InlineData(
        "v1/job_service.proto",
        "rpc GetJob(GetJobRequest) returns (GetJobResponse)",
        "rpc GetJob(GetJobRequest) returns (stream GetJobResponse)",
        "server unary to server streaming")]
    [InlineData(
        "inference/v1/inference_service.proto",
        "rpc ProbeVideo(ProbeVideoRequest) returns (ProbeVideoResponse);",
        "rpc ProbeVideo(RunPipelineRequest) returns (ProbeVideoResponse);",
        "changed request type")]
    [InlineData(
        "inference/v1/inference_service.proto",
        "int32 job_end_frame = 7 ",
        "int64 job_end_frame = 7 ",
        "from \"int32\" to \"int64\"")]
    [InlineData(
        "inference/v1/inference_service.proto",
        "int32 job_end_frame = 7 ",
        "int32 end_of_job = 7 ",
        "from \"job_end_frame\" to \"end_of_job\"")]
    [InlineData("v1/job.proto", "\"ForegSyte.V1\"", "\"ForegSyte.Jobs\"", "csharp_namespace")]
    public async Task Gate_PlantedBreakingChange_FailsAndNamesIt(
        string file, string text, string replacement, string expected)
    {
        using var contracts = new ContractsCopy();
        contracts.Replace(file, text, replacement);
        var gate = await contracts.RunGateAsync();
        Assert.NotEqual(0, gate.ExitCode);
        Assert.Contains(expected, gate.StandardOutput, StringComparison.Ordinal);
        Assert.Contains($"foregsyte/{file}:", gate.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Planted_LostField_ShowsTheRefusalAndLeavesTheContracts()
    {
        using var contracts = new ContractsCopy();
        var shown = await contracts.RunGateAsync("--planted");
        Assert.True(shown.ExitCode == 0, $"The gate failed: {shown.StandardOutput}{shown.StandardError}");
        Assert.Contains(
            "Previously present field \"3\" with name \"pipeline_id\"", shown.StandardOutput, StringComparison.Ordinal);
        Assert.Contains(
            "Field \"7\" with name \"job_end_frame\"", shown.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(0, (await contracts.RunGateAsync()).ExitCode);
    }

    [Fact]
    public async Task Planted_GateThatFindsNothing_Fails()
    {
        using var contracts = new ContractsCopy();
        contracts.Replace("v1/job.proto", PipelineId, "");
        Assert.Equal(0, (await contracts.RunGateAsync("--release")).ExitCode);
        Assert.Equal(1, (await contracts.RunGateAsync("--planted")).ExitCode);
    }

    [Theory]
    [InlineData("v1/job.proto", PipelineId, PipelineId + " string cost_centre = 1000;")]
    [InlineData("v1/job.proto", "JOB_STATUS_CANCELLED = 5;", "JOB_STATUS_CANCELLED = 5; JOB_STATUS_PAUSED = 6;")]
    [InlineData("v1/results.proto", "message Point {", "message Mask {} message Point {")]
    [InlineData(
        "v1/job_service.proto",
        GetJob,
        GetJob + "rpc PauseJob(GetJobRequest) returns (GetJobResponse);")]
    [InlineData("inference/v1/inference_service.proto", "message ModelInfo {", "message Tensor {} message ModelInfo {")]
    [InlineData("inference/v1/inference_service.proto", "\"ForegSyte.Inference.V1\"", "\"ForegSyte.Inference\"")]
    public async Task Gate_AdditionOfANewVersion_Passes(string file, string text, string replacement)
    {
        using var contracts = new ContractsCopy();
        contracts.Replace(file, text, replacement);
        var gate = await contracts.RunGateAsync();
        Assert.True(gate.ExitCode == 0, $"The gate failed: {gate.StandardOutput}{gate.StandardError}");
    }

    [Fact]
    public async Task Gate_AfterARelease_GuardsItsAdditions()
    {
        using var contracts = new ContractsCopy();
        contracts.Replace("v1/job.proto", PipelineId, PipelineId + " string cost_centre = 1000;");
        Assert.Equal(0, (await contracts.RunGateAsync("--release")).ExitCode);
        contracts.Replace("v1/job.proto", " string cost_centre = 1000;", "");
        var gate = await contracts.RunGateAsync();
        Assert.NotEqual(0, gate.ExitCode);
        Assert.Contains("cost_centre", gate.StandardOutput, StringComparison.Ordinal);
    }
}
