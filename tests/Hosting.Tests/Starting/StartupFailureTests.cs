using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Starting;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Starting;

/// <summary>A service that cannot start says why in one line, in the terms of its settings.</summary>
public sealed class StartupFailureTests
{
    [Theory]
    [InlineData("abc", "Dispatch:MaxConcurrentJobs", "System.Int32", "it must be a whole number.")]
    [InlineData(
        "5x", "Wait:MaxTimeout", "System.TimeSpan",
        "it must be a duration such as 250ms, 30s, 15m, 2h or 7d 12h.")]
    [InlineData("maybe", "Device:RequireGpu", "System.Boolean", "it must be true or false.")]
    public void Describe_ValueOfAnotherType_SaysWhatTheSettingTakes(
        string value, string key, string type, string expected) => Assert.Equal(
        $"{key} is '{value}'; {expected}",
        StartupFailure.Describe(new InvalidOperationException(
            $"Failed to convert configuration value '{value}' at '{key}' to type '{type}'.")));

    [Fact]
    public void Describe_UnknownEnumValue_ListsTheValues() => Assert.Equal(
        "Log:Format is 'xml'; it must be one of Text, Json.",
        StartupFailure.Describe(new InvalidOperationException(
            $"Failed to convert configuration value 'xml' at 'Log:Format' to type '{typeof(LogFormat).FullName}'.")));

    [Fact]
    public void Describe_TheSameFailureSeveralTimes_IsSaidOnce() => Assert.Equal(
        "Dispatch:X is not a setting.",
        StartupFailure.Describe(new AggregateException(
            new OptionsValidationException("a", typeof(string), ["Dispatch:X is not a setting."]),
            new OptionsValidationException("b", typeof(string), ["Dispatch:X is not a setting."]))));

    [Fact]
    public void Describe_PortIsTaken_SaysWhatToDo() => Assert.Equal(
        "Failed to bind to address http://127.0.0.1:5200: address already in use. Stop the other process, or choose "
        + "another port with Listen:Port. The variable FOREGSYTE_Listen__Port reaches both services; "
        + "FOREGSYTE_JobService__Listen__Port and FOREGSYTE_InferenceService__Listen__Port reach one.",
        StartupFailure.Describe(new IOException(
            "Failed to bind to address http://127.0.0.1:5200: address already in use.")));
}
