// A grpc-js client for a service that protoc-gen-es described.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import grpc from "@grpc/grpc-js";

/**
 * Connects to a service; a call is `await connect(JobService, "127.0.0.1:5200").call("getJob", { jobId }, 30)`.
 *
 * @param {import("@bufbuild/protobuf").DescService} service from a generated file, for example JobService.
 * @param {string} server as HOST:PORT.
 */
export function connect(service, server) {
  const client = new grpc.Client(server, grpc.credentials.createInsecure());
  return {
    /** Makes a unary call; rejects with grpc's ServiceError. Every call has a deadline, in seconds. */
    call(method, request, seconds) {
      const { name, input, output } = service.method[method];
      return new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          `/${service.typeName}/${name}`,
          (message) => Buffer.from(toBinary(input, message)),
          (bytes) => fromBinary(output, bytes),
          create(input, request),
          new grpc.Metadata(),
          { deadline: Date.now() + seconds * 1000 },
          (error, response) => (error ? reject(error) : resolve(response)),
        ),
      );
    },
    close: () => client.close(),
  };
}
