using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Connections;
using ForegSyte.Hosting.Contracts;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Health;
using ForegSyte.Hosting.Http;
using ForegSyte.Hosting.Limits;
using ForegSyte.Hosting.Listening;
using ForegSyte.Hosting.Messages;
using ForegSyte.Hosting.Security;
using ForegSyte.Hosting.Security.Audit;
using ForegSyte.Hosting.Starting;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Hosting.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace ForegSyte.Hosting;

/// <summary>What every ForegSyte service is before it does anything of its own.</summary>
public static class ForegSyteHost
{
    /// <summary>
    /// The builder of a service. Settings are read once, at the start: watching appsettings.json for changes would
    /// watch every file below the current directory, so also each video where the data directory is there.
    /// </summary>
    /// <param name="args">The command line.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args) =>
        WebApplication.CreateBuilder(
            [.. StartArguments.SettingsIn(args), "--hostBuilder:reloadConfigOnChange=false"]);

    /// <summary>
    /// Adds configuration, logs, the listener, telemetry, gRPC with its errors and limits, reflection, health and
    /// graceful stop.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="serviceName">Name in logs, for example "JobService".</param>
    /// <param name="defaultPort">TCP port where Listen:Port is not set.</param>
    /// <param name="contracts">The gRPC services that it serves; reflection and health know them by name.</param>
    public static WebApplicationBuilder AddForegSyteHost(
        this WebApplicationBuilder builder, string serviceName, int defaultPort, params ServiceDescriptor[] contracts)
    {
        builder.AddForegSyteConfiguration();
        builder.AddForegSyteLogging(serviceName);
        builder.AddForegSyteListener(defaultPort);
        builder.AddTelemetry(serviceName);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddDataDirectory();
        builder.Services.AddCallers();
        builder.Services.AddConnectionLimits();
        builder.Services.AddCallLimits();
        builder.Services.AddSingleton<ErrorInterceptor>();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.Interceptors.Add<ErrorInterceptor>();
            grpc.Interceptors.Add<AuditInterceptor>();
            grpc.Interceptors.Add<ConcurrencyLimitInterceptor>();
        });
        builder.Services.AddMessageSizeGate();
        builder.Services.AddServiceLimits();
        builder.Services.AddReflectedContracts(contracts);
        builder.Services.AddTakeover();
        builder.Services.AddHttp(contracts);
        builder.Services.AddGracefulStop();
        builder.Services.AddReadiness(contracts);
        return builder;
    }

    /// <summary>
    /// Puts the check of callers and the message gate in front and maps reflection and health. Call it before mapping
    /// the services. A service is NOT_SERVING until its start-up work calls <see cref="Readiness.MarkReady"/>.
    /// </summary>
    public static WebApplication MapForegSyteHost(this WebApplication app)
    {
        // Made now: it is the time of the start.
        app.Services.GetRequiredService<ServiceStart>();
        app.UseMiddleware<CallTracking>();
        app.UseHttp();
        app.UseMetricsPort();
        app.UseMiddleware<RpcTelemetry>();
        app.UseMiddleware<ErrorDetailsMiddleware>();
        app.UseMiddleware<HealthPortMiddleware>();
        app.UseCallers();
        app.UseMiddleware<MessageSizeMiddleware>();
        var security = app.Services.GetRequiredService<IOptions<SecurityOptions>>().Value;
        OpenIf(security.OpenReflection, app.MapGrpcReflectionService());
        OpenIf(security.OpenHealth, app.MapGrpcHealthChecksService());
        return app;
    }

    private static void OpenIf(bool isOpen, IEndpointConventionBuilder endpoints)
    {
        if (isOpen)
        {
            endpoints.AllowAnonymous();
        }
    }

    /// <summary>
    /// Builds the service and runs it until it is told to stop. What refuses the start is told in one line, without a
    /// stack trace: it is for the one who installs the service.
    /// </summary>
    /// <param name="serviceName">Name in the message.</param>
    /// <param name="args">The command line; what it asks for beside settings is done instead of starting.</param>
    /// <param name="build">Makes the application; a setting that is wrong throws here or at the start.</param>
    /// <param name="prepare">
    /// What has to be done before the service starts; its settings are checked by then. Null for nothing.
    /// </param>
    /// <returns>The exit code of the process: 0, or 1 where the service failed.</returns>
    public static async Task<int> RunAsync(
        string serviceName, string[] args, Func<WebApplication> build, Func<IServiceProvider, Task>? prepare = null)
    {
        try
        {
            await using var app = build();
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            if (await ReportAsync(args, app.Services))
            {
                return 0;
            }

            Introduce(app);
            await (prepare?.Invoke(app.Services) ?? Task.CompletedTask);
            await app.RunAsync();
            return Environment.ExitCode;
        }
        catch (Exception failure)
        {
            await Console.Error.WriteLineAsync($"{serviceName} does not run: {failure.Message}");
            return 1;
        }
    }

    /// <summary>Does what was asked for instead of a start; returns whether anything was.</summary>
    private static async Task<bool> ReportAsync(string[] args, IServiceProvider services)
    {
        if (args.Contains(StartArguments.Print))
        {
            await ConfigurationReport.PrintAsync(services, Console.Out);
        }
        else if (args.Contains(StartArguments.Check))
        {
            await ConfigurationReport.ConfirmAsync(services, Console.Out);
        }

        return args.Contains(StartArguments.Print) || args.Contains(StartArguments.Check);
    }

    private static void Introduce(WebApplication app) =>
        app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ForegSyteHost)).LogInformation(
            "{Service} {Version}, data directory {DataDirectory}",
            app.Environment.ApplicationName,
            ServiceVersion.Text,
            app.Services.GetRequiredService<DataDirectory>().Path);
}
