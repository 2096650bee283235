using System.Text.Json;
using ForegSyte.Hosting.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Tests.Configuration;

public sealed class LogsTests
{
    [Theory]
    [InlineData("Text")]
    [InlineData("Json")]
    public async Task Line_WithControlCharacters_HasNoneOfThem(string format)
    {
        var failure = new InvalidOperationException("first\nsecond \u001b[2J");

        var line = await WriteAsync(format, LogLevel.Error, "key a\0b\u001b[2J\a\r\nforged", failure);

        Assert.EndsWith(Environment.NewLine, line, StringComparison.Ordinal);
        Assert.DoesNotContain(line[..^Environment.NewLine.Length], char.IsControl);
        Assert.Contains("a\\u0000b\\u001b[2J\\u0007", line.Replace("\\u001B", "\\u001b"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LogLevel.Information, "info")]
    [InlineData(LogLevel.Warning, "warn")]
    [InlineData(LogLevel.Error, "fail")]
    [InlineData(LogLevel.Critical, "crit")]
    public async Task Line_OfText_HasTimeLevelCategoryAndMessage(LogLevel level, string name)
    {
        var line = await WriteAsync("Text", level, "Job 7 started");

        Assert.Matches(
            $@"\A\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {name}: Jobs\[5\] Job 7 started\r?\n\z", line);
    }

    [Fact]
    public async Task Line_OfJson_HasATimestampWithoutSpaces()
    {
        using var line = JsonDocument.Parse(await WriteAsync("Json", LogLevel.Information, "Job 7 started"));

        Assert.Matches(
            @"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z", line.RootElement.GetProperty("Timestamp").GetString());
    }

    private static async Task<string> WriteAsync(
        string format, LogLevel level, string message, Exception? exception = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration["Log:Format"] = format;
        builder.AddForegSyteLogging("Test");
        await using var services = builder.Services.BuildServiceProvider();
        var name = services.GetRequiredService<IOptionsMonitor<ConsoleLoggerOptions>>().CurrentValue.FormatterName;
        var formatter = services.GetServices<ConsoleFormatter>().Single(formatter => formatter.Name == name);
        await using var writer = new StringWriter();
        formatter.Write(
            new LogEntry<string>(level, "Jobs", new EventId(5), message, exception, (state, _) => state), null, writer);
        return writer.ToString();
    }
}
