// See imrsctl_run.h. Called by the tests of remote, rotate and decommission.
#include "imrsctl_run.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {
namespace {

UniqueFd file_with(const std::string& text) {
  UniqueFd fd(::memfd_create("imrsctl", 0));
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::string text_of(const UniqueFd& fd) {
  std::string text(1 << 20, '\0');
  const ssize_t size = ::pread(fd.get(), text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

std::int64_t now_ms() {
  using std::chrono::system_clock;
  return std::chrono::ceil<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string history(const std::string& text) {
  const std::vector<HistoryEntry> entries{{now_ms(), "order", text}};
  return history_json(entries);
}

AnsweringAgent::Answer answering(const std::string& order, const std::string& upgrade) {
  return [order, upgrade](const std::string& request) {
    if (request == "status") return to_json(Snapshot());
    if (request == "history") return history(upgrade);
    return order;
  };
}

}  // namespace

Ran run_imrsctl(const std::vector<std::string>& words, const std::string& input,
                const std::map<std::string, std::string>& environment, unsigned user) {
  std::vector<std::string> argv{"imrsctl"}, variables;
  argv.insert(argv.end(), words.begin(), words.end());
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  const auto argv_pointers = pointers(argv), variable_pointers = pointers(variables);
  const UniqueFd program(::open(IMRSCTL, O_RDONLY | O_CLOEXEC));  // where another user may not look
  const UniqueFd in = file_with(input), out = file_with(""), err = file_with("");
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(in.get(), 0);
    ::dup2(out.get(), 1);
    ::dup2(err.get(), 2);
    if (user == 0 || ::setresuid(user, user, user) == 0) {
      ::fexecve(program.get(), argv_pointers.data(), variable_pointers.data());
    }
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(out), text_of(err)};
}

AnsweringAgent::AnsweringAgent(std::string socket, Answer answer)
    : socket_(std::move(socket)),
      answer_(std::move(answer)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) std::abort();
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
  if (::listen(listener_.get(), 8) != 0) std::abort();
  thread_ = std::thread([this] { serve(); });
}

AnsweringAgent::~AnsweringAgent() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // accept(2) returns
  thread_.join();
  ::unlink(socket_.c_str());
}

std::vector<std::string> AnsweringAgent::orders() const {
  const std::lock_guard lock(mutex_);
  return orders_;
}

void AnsweringAgent::serve() {
  for (;;) {
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    std::string request;
    for (char c = 0; ::read(connection.get(), &c, 1) == 1 && c != '\n';) request += c;
    if (request != "history" && request != "status") {
      const std::lock_guard lock(mutex_);
      orders_.push_back(request);
    }
    const std::string text = answer_(request) + "\n";
    (void)!::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
}

AnsweringAgent::Answer obedient() { return answering(R"({"text": "done as ordered"})", "upgraded in place"); }

AnsweringAgent::Answer unable() {
  return answering(R"({"text": "begun"})", "upgrade failed, nothing has changed: no");
}

}  // namespace imrs::ctl
