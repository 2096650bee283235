using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Connections;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.Hosting.Health;
using ForegSyte.Hosting.Http;
using ForegSyte.Hosting.Limits;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Messages;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Hosting.Security.RateLimiting;
using ForegSyte.Hosting.Starting;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Hosting.Telemetry;
using ForegSyte.Protocol.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace ForegSyte.Hosting;

/// <summary>The host of a ForegSyte service: everything that the services share.</summary>
public static class ForegSyteHost
{
    /// <summary>
    /// Creates the builder of a service. It reads appsettings.json from the program's folder alone, and does not watch
    /// it.
    /// </summary>
    /// <param name="args">The command line.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args) =>
        WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = [.. StartupArguments.SettingsIn(args), "--hostBuilder:reloadConfigOnChange=false"],

            // appsettings.json is read from there. The current directory is the data directory of the systemd unit and
            // of the image, and whoever can write to it would configure the service.
            ContentRootPath = AppContext.BaseDirectory,

            // In "Development" ASP.NET Core would show exceptions to callers and read user secrets.
            EnvironmentName = Environments.Production,
        });

    /// <summary>
    /// Adds configuration, logging, endpoints, telemetry, security, gRPC with its limits and errors, HTTP with JSON,
    /// reflection, health checks and graceful shutdown. The service adds its
    /// <see cref="RpcRulesServiceCollectionExtensions.AddRpcRules">RPC rules</see>.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="serviceName">Name in logs, for example "JobService".</param>
    /// <param name="defaultPort">TCP port if Listen:Port is not set.</param>
    /// <param name="contracts">The gRPC services, for reflection, health checks and HTTP routes.</param>
    public static WebApplicationBuilder AddForegSyteHost(
        this WebApplicationBuilder builder, string serviceName, int defaultPort, params ServiceDescriptor[] contracts)
    {
        builder.AddForegSyteConfiguration(serviceName);
        builder.AddForegSyteLogging(serviceName);
        builder.AddForegSyteListener(defaultPort);
        builder.AddTelemetry(serviceName);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddDataDirectory();
        builder.Services.AddSecurity();
        builder.Services.AddConnectionLimits();
        builder.Services.AddConcurrencyLimits();
        builder.Services.AddSingleton<ErrorInterceptor>();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.Interceptors.Add<ErrorInterceptor>();
            grpc.Interceptors.Add<AuditInterceptor>();
            grpc.Interceptors.Add<ConcurrencyLimitInterceptor>();
        });
        builder.Services.AddMessageSizeLimits();
        builder.Services.AddServiceLimits();
        builder.Services.AddReflection(contracts);
        builder.Services.AddServiceStart();
        builder.Services.AddJsonTranscoding(contracts);
        builder.Services.AddKnownProxies();
        builder.Services.AddGracefulShutdown();
        builder.Services.AddReadiness(contracts);
        return builder;
    }

    /// <summary>
    /// Adds the middleware and maps reflection and health checks. Must run before the services are mapped. The service
    /// is NOT_SERVING until its startup work calls <see cref="Readiness.MarkReady"/>.
    /// </summary>
    /// <param name="app">The application.</param>
    /// <param name="useSessions">Authenticates signed-in browsers on the port for HTTP.</param>
    /// <param name="usePages">Serves the web page on the port for HTTP.</param>
    public static WebApplication MapForegSyteHost(
        this WebApplication app,
        Action<IApplicationBuilder>? useSessions = null,
        Action<IApplicationBuilder>? usePages = null)
    {
        // Records the start time.
        app.Services.GetRequiredService<ServiceStart>();
        app.UseMiddleware<CallTrackingMiddleware>();
        app.UseKnownProxies();
        if (useSessions is not null)
        {
            app.UseOnHttpPort(useSessions);
        }

        app.UseMiddleware<AddressRateMiddleware>();
        app.UseJsonTranscoding(usePages);
        app.UseMetricsPort();
        app.UseMiddleware<RpcTelemetryMiddleware>();
        app.UseMiddleware<ErrorDetailsMiddleware>();
        app.UseMiddleware<HealthPortMiddleware>();
        app.UseSecurity();
        app.UseMiddleware<MessageSizeMiddleware>();
        var security = app.Services.GetRequiredService<IOptions<SecurityOptions>>().Value;
        AllowAnonymousIf(security.OpenReflection, app.MapGrpcReflectionService());
        AllowAnonymousIf(security.OpenHealth, app.MapGrpcHealthChecksService());
        return app;
    }

    /// <summary>
    /// Builds the service and runs it until it stops. Reports a failure in one line without stack trace, because its
    /// reader is the operator.
    /// </summary>
    /// <param name="serviceName">Name in the message.</param>
    /// <param name="args">The command line. Its flags run a report instead of the service.</param>
    /// <param name="commands">The commands of the program, which the caller handles; none of them is here.</param>
    /// <param name="build">Builds the application.</param>
    /// <param name="prepare">Startup work after the validation of the configuration and before the start.</param>
    /// <returns>The exit code: 0, 1 for a failure, or 2 for an argument without a meaning.</returns>
    public static async Task<int> RunAsync(
        string serviceName,
        string[] args,
        IReadOnlyList<string> commands,
        Func<WebApplication> build,
        Func<IServiceProvider, Task>? prepare = null)
    {
        if (StartupArguments.AskForHelp(args))
        {
            await using var described = build();
            await ConfigurationReport.HelpAsync(described.Services, serviceName, Console.Out);
            return 0;
        }

        if (StartupArguments.ProblemIn(args, commands) is { } problem)
        {
            await Console.Error.WriteLineAsync(ControlCharacters.Escape($"{serviceName} was not started: {problem}"));
            return 2;
        }

        try
        {
            await using var app = build();
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            if (await ReportAsync(args, app.Services) is { } exitCode)
            {
                return exitCode;
            }

            LogStart(app);
            app.Services.GetRequiredService<DataFileAccess>().ApplyToNewFiles();
            await (prepare?.Invoke(app.Services) ?? Task.CompletedTask);
            await StartAsync(app);
            await app.WaitForShutdownAsync();
            return Environment.ExitCode;
        }
        catch (Exception failure)
        {
            await Console.Error.WriteLineAsync(
                ControlCharacters.Escape($"{serviceName} failed: {StartupFailure.Describe(failure)}"));
            return 1;
        }
    }

    /// <summary>
    /// Starts the application, and stops it if the start fails. Disposing it without a stop would cancel the background
    /// services that had started, and the host would log each cancellation as a critical error with a stack trace.
    /// </summary>
    private static async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await StopQuietlyAsync(app);
            throw;
        }
    }

    private static async Task StopQuietlyAsync(WebApplication app)
    {
        try
        {
            await app.StopAsync();
        }
        catch (Exception failure)
        {
            // The cause is the failed start, which the caller reports.
            LoggerOf(app).LogDebug(failure, "Stopping after a failed start failed");
        }
    }

    /// <summary>Runs the report that the command line asks for; returns its exit code, or null if there was none.
    /// </summary>
    private static async Task<int?> ReportAsync(string[] args, IServiceProvider services)
    {
        if (args.Contains(StartupArguments.Print))
        {
            await ConfigurationReport.PrintAsync(services, Console.Out);
            return 0;
        }

        if (args.Contains(StartupArguments.Check))
        {
            return await ConfigurationReport.CheckAsync(services, Console.Out) ? 0 : 1;
        }

        return null;
    }

    private static void LogStart(WebApplication app)
    {
        var logger = LoggerOf(app);
        logger.LogInformation(
            "Starting {Service} {Version} (data directory {DataDirectory})",
            app.Environment.ApplicationName, ServiceVersion.Text,
            app.Services.GetRequiredService<DataDirectory>().Path);
        foreach (var section in app.Services.GetRequiredService<EffectiveSettings>().Unknown())
        {
            logger.LogWarning(
                "Settings of section {Section} have no effect, because this service has no such section{Guess}",
                section.Name, section.Guess);
        }
    }

    private static ILogger LoggerOf(WebApplication app) =>
        app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ForegSyteHost));

    private static void AllowAnonymousIf(bool isOpen, IEndpointConventionBuilder endpoints)
    {
        if (isOpen)
        {
            endpoints.AllowAnonymous();
        }
    }
}
